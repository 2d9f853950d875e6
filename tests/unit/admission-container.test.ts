import { describe, expect, it } from "vitest";
import { parseSidecarConfig, TERMINATION_MESSAGE_PATH } from "../../services/core/sidecar-config.ts";
import {
  admitPod,
  type Admitted,
  annotated,
  configIn,
  dapsOf,
  OPTIONS,
  WITHOUT_NATIVE,
} from "../fixtures/admitting.ts";
import { containerOf, podOf } from "../fixtures/pods.ts";

const messages = ({ warnings }: Admitted) => warnings.map(({ message }) => message);

describe("the container of DAPS", () => {
  const { pod } = admitPod(podOf("ordinary"));
  const daps = dapsOf(pod);

  it("runs the image of the webhook, or the one that is set", () => {
    expect(daps).toMatchObject({ image: "daps:test", imagePullPolicy: "IfNotPresent" });
    const other = annotated(podOf("ordinary"), { "daps.io/sidecar-image": "example.com/daps@sha256:0" });
    const admitted = admitPod(other, { ...OPTIONS, imagePullPolicy: "Always" });
    expect(dapsOf(admitted.pod)).toMatchObject({ image: "example.com/daps@sha256:0", imagePullPolicy: "Always" });
  });

  it("is held to the restricted Pod Security Standard", () => {
    expect(daps["securityContext"]).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(dapsOf(admitPod(podOf("run-as-root")).pod)["securityContext"]).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
    });
  });

  it("is asked by the kubelet on its admin port, and never by a startupProbe, which would wait for the app", () => {
    expect(daps.ports).toEqual([{ name: "daps-admin", containerPort: 9697, protocol: "TCP" }]);
    expect(daps.readinessProbe).toMatchObject({ httpGet: { path: "/readyz", port: 9697 } });
    const liveness = { httpGet: { path: "/livez", port: 9697 }, terminationGracePeriodSeconds: 5 };
    expect(daps["livenessProbe"]).toMatchObject(liveness);
    expect(daps).not.toHaveProperty("startupProbe");
  });

  it("has an empty volume where the service account's token would be", () => {
    const mounts = daps["volumeMounts"] as { name: string; mountPath: string; readOnly: boolean }[];
    expect(mounts).toEqual([
      { name: "daps-no-token", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true },
    ]);
    const volume = pod.spec.volumes?.find(({ name }) => name === "daps-no-token");
    // On disk it would keep the cluster autoscaler from moving the pod.
    expect(volume).toEqual({ name: "daps-no-token", emptyDir: { medium: "Memory", sizeLimit: "64Ki" } });
  });

  it("has daprd's API token if daprd has one, and no other of its variables", () => {
    const token = dapsOf(admitPod(podOf("api-token")).pod).env?.find(({ name }) => name === "DAPR_API_TOKEN");
    expect(token).toEqual({
      name: "DAPR_API_TOKEN",
      valueFrom: { secretKeyRef: { name: "dapr-api-token", key: "token" } },
    });
    expect(daps.env?.map(({ name }) => name)).toEqual(["DAPS_CONFIG", "DAPS_TOKEN", "MALLOC_ARENA_MAX"]);
  });

  it("runs without a shell, with permissions for what it reaches and no more", () => {
    expect(daps.command?.slice(0, 5)).toEqual(["/tini", "-s", "--", "deno", "run"]);
    expect(daps.command?.slice(-2)).toEqual(["/daps/main.js", "sidecar"]);
    const granted = daps.command?.filter((word) => word.startsWith("--allow-"));
    expect(granted).toEqual([
      "--allow-net=127.0.0.1:9696,[::]:9697,0.0.0.0:9697,127.0.0.1:3000,127.0.0.1:3500,127.0.0.1:3501",
      "--allow-env=DAPS_CONFIG,DAPS_TOKEN,DAPR_API_TOKEN",
      "--allow-ffi=/lib/x86_64-linux-gnu/libc.so.6,/lib/aarch64-linux-gnu/libc.so.6",
      "--allow-read=/daps",
      `--allow-write=${TERMINATION_MESSAGE_PATH}`,
    ]);
    expect(daps["terminationMessagePath"]).toBe(TERMINATION_MESSAGE_PATH);
  });

  it("is told the settings of the pod in a form that the sidecar reads", () => {
    const settings = { "daps.io/settle": "1s", "daps.io/busy-path": "/busy", "daps.io/redeliver": "no" };
    const config = configIn(admitPod(annotated(podOf("job-native"), settings)).pod);
    expect(parseSidecarConfig(JSON.stringify(config))).toEqual(config);
    expect(config).toMatchObject({
      settleMs: 1000,
      busy: { path: "/busy", binding: true },
      redeliver: { enabled: false, limit: 3 },
      gracePeriodMs: 30_000,
      job: true,
      daprd: { native: true },
    });
    expect(configIn(pod)).toMatchObject({ busy: { path: "/api/busy", binding: false }, job: false });
    expect(configIn(admitPod(podOf("cron-job")).pod).job).toBe(true);
  });
});

describe("native-sidecar", () => {
  const set = (value: string, name = "ordinary") => annotated(podOf(name), { "daps.io/native-sidecar": value });

  it("false makes DAPS ordinary, unless daprd is native", () => {
    const ordinary = admitPod(set("false"));
    expect(ordinary.pod.spec.containers.at(-1)?.name).toBe("daps");
    expect(ordinary.warnings).toEqual([]);
    const native = admitPod(set("false", "native"));
    expect(native.pod.spec.initContainers?.map(({ name }) => name)).toEqual(["daprd", "daps"]);
    expect(native.ids).toEqual(["native-sidecar"]);
    expect(messages(native)[0]).toContain("remove it");
  });

  it("true is overruled where there are none, with a warning", () => {
    expect(admitPod(set("true")).pod.spec.initContainers?.[0]?.name).toBe("daps");
    const overruled = admitPod(set("true"), WITHOUT_NATIVE);
    expect(overruled.pod.spec.containers.at(-1)).toMatchObject({ name: "daps" });
    expect(overruled.pod.spec.containers.at(-1)).not.toHaveProperty("restartPolicy");
    expect(overruled.ids).toEqual(["native-sidecar"]);
  });

  it("puts DAPS right behind a native daprd", () => {
    const names = admitPod(podOf("init-containers")).pod.spec.initContainers?.map(({ name }) => name);
    expect(names).toEqual(["migrate", "proxy", "daprd", "daps"]);
  });
});

describe("what DAPS asks of the node", () => {
  const resources = (settings: Record<string, string>) => {
    const admitted = admitPod(annotated(podOf("ordinary"), settings));
    return { resources: dapsOf(admitted.pod)["resources"], said: messages(admitted) };
  };

  it("has requests for CPU and memory, and a limit for memory", () => {
    expect(resources({})).toEqual({
      resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "192Mi" } },
      said: [],
    });
  });

  it("is what is set", () => {
    const set = {
      "daps.io/sidecar-cpu-request": "0.1",
      "daps.io/sidecar-cpu-limit": "1",
      "daps.io/sidecar-memory-request": "64Mi",
      "daps.io/sidecar-memory-limit": "1G",
    };
    expect(resources(set)).toEqual({
      resources: { requests: { cpu: "0.1", memory: "64Mi" }, limits: { cpu: "1", memory: "1G" } },
      said: [],
    });
  });

  it("is at most its limit, or the API server would refuse the pod", () => {
    expect(resources({ "daps.io/sidecar-memory-request": "512Mi" })).toEqual({
      resources: { requests: { cpu: "10m", memory: "192Mi" }, limits: { memory: "192Mi" } },
      said: [
        "Cannot use daps.io/sidecar-memory-request: accepted is at most the limit, 192Mi; received " +
        '"512Mi": raise daps.io/sidecar-memory-limit too',
      ],
    });
    expect(resources({ "daps.io/sidecar-cpu-limit": "5m" })).toMatchObject({
      resources: { requests: { cpu: "5m" }, limits: { cpu: "5m" } },
      said: [],
    });
  });

  it.each(["64m", "10Mi", "0"])("is enough memory to start with: %s is not", (limit) => {
    const { resources: { limits }, said } = resources({ "daps.io/sidecar-memory-limit": limit }) as {
      resources: { limits: { memory: string } };
      said: string[];
    };
    expect(limits.memory).toBe("192Mi");
    expect(said[0]).toContain(`received "${limit}"`);
  });
});

describe("what may be kept of requests", () => {
  const held = (settings: Record<string, string>) => {
    const { pod, warnings } = admitPod(annotated(podOf("ordinary"), settings));
    return { hold: configIn(pod).hold, said: warnings.map(({ message }) => message) };
  };

  it("is 4 MiB of one and 32 MiB of all", () => {
    expect(held({})).toEqual({ hold: { perRequestBytes: 4 * 2 ** 20, totalBytes: 32 * 2 ** 20 }, said: [] });
  });

  it("is what is set, and of one no more than of all", () => {
    const hold = { perRequestBytes: 2 ** 20, totalBytes: 2 ** 20 };
    expect(held({ "daps.io/hold-per-request": "2Mi", "daps.io/hold-total": "1Mi" })).toEqual({ hold, said: [] });
    expect(held({ "daps.io/hold-total": "0" }).hold).toEqual({ perRequestBytes: 0, totalBytes: 0 });
  });

  it("is no more than a quarter of the memory limit, of which who asked for more is told", () => {
    expect(held({ "daps.io/sidecar-memory-limit": "64Mi" })).toMatchObject({
      hold: { totalBytes: 16 * 2 ** 20 },
      said: [],
    });
    expect(held({ "daps.io/hold-total": "64Mi" })).toEqual({
      hold: { perRequestBytes: 4 * 2 ** 20, totalBytes: 48 * 2 ** 20 },
      said: [
        "Cannot use daps.io/hold-total: accepted is at most a quarter of the sidecar's memory limit, 192Mi; received " +
        "64Mi; 48Mi is used: raise daps.io/sidecar-memory-limit too",
      ],
    });
  });
});

describe("the grace period", () => {
  it("is raised to the least that is set, and to no less", () => {
    const least = { "daps.io/min-grace-period": "90500ms" };
    const raised = admitPod(annotated(podOf("ordinary"), least));
    expect(raised.pod.spec.terminationGracePeriodSeconds).toBe(91);
    expect(configIn(raised.pod).gracePeriodMs).toBe(91_000);
    const longer = podOf("ordinary");
    longer.spec.terminationGracePeriodSeconds = 600;
    expect(admitPod(annotated(longer, least)).pod.spec.terminationGracePeriodSeconds).toBe(600);
  });

  it.each([5, 0, -1])("of %i s is too short for a drain, which a warning says", (seconds) => {
    const pod = podOf("ordinary");
    pod.spec.terminationGracePeriodSeconds = seconds;
    const admitted = admitPod(pod);
    expect(admitted.ids).toEqual(["grace-period"]);
    expect(messages(admitted)[0]).toMatch(/raise terminationGracePeriodSeconds, or set daps.io\/min-grace-period$/);
    expect(admitted.pod.spec.terminationGracePeriodSeconds).toBe(seconds);
    expect(containerOf(admitted.pod, "daps").name).toBe("daps");
  });
});
