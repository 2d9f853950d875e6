import { describe, expect, it } from "vitest";
import { mutate } from "../../services/core/admission/admit.ts";
import type { Pod } from "../../services/core/admission/pod.ts";
import { admitPod, annotated, configIn, dapsOf, OPTIONS, TOKEN } from "../fixtures/admitting.ts";
import { containerOf, FIXTURES, podOf } from "../fixtures/pods.ts";

function changed(change: (pod: Pod) => void, name = "ordinary"): Pod {
  const pod = podOf(name);
  change(pod);
  return pod;
}

/** Longer ones may be cut off (apiserver `filters/warning.go`). */
const WARNING_LENGTH = 256;

describe("a pod is left alone without a word", () => {
  it.each<[string, string, Pod]>([
    ["it is not for Dapr", "not-dapr", annotated(podOf("ordinary"), { "dapr.io/enabled": "false" })],
    ["it has no annotations", "not-dapr", changed(({ metadata }) => delete metadata?.annotations)],
    ["it has no metadata", "not-dapr", changed((pod) => delete pod.metadata)],
    ["it does not want DAPS", "disabled", annotated(podOf("ordinary"), { "daps.io/enabled": "off" })],
    ["daprd is not there yet", "no-daprd", changed(({ spec }) => spec.containers.pop())],
    ["the kubelet made it", "mirror-pod", annotated(podOf("ordinary"), { "kubernetes.io/config.mirror": "x" })],
  ])("if %s", (_, reason, pod) => {
    expect(admitPod(pod)).toMatchObject({ reason, operations: [], warnings: [], pod });
  });

  it.each([null, undefined, 3, "pod", [], {}, { spec: {} }, { spec: { containers: [{}] } }, { kind: "Eviction" }])(
    "if it is none: %j",
    (object) => {
      expect(mutate(object, OPTIONS, TOKEN)).toMatchObject({ reason: "not-a-pod", operations: [], warnings: [] });
    },
  );
});

describe("a pod is left alone with a warning that says what to do", () => {
  it.each<[string, Pod, RegExp]>([
    ["host-network", podOf("host-network"), /Ports 9696 and 9697 .* take hostNetwork away/],
    ["not-linux", changed(({ spec }) => spec.os = { name: "windows" }), /Windows.*set daps.io\/enabled: "false"/],
    ["not-linux", changed(({ spec }) => spec.nodeSelector = { "kubernetes.io/os": "windows" }), /Windows/],
    ["name-taken", changed(({ spec }) => spec.containers.push({ name: "daps" })), /give it another name/],
    ["name-taken", changed(({ spec }) => spec.initContainers = [{ name: "daps" }]), /give it another name/],
    [
      "port-taken",
      changed(({ spec }) => spec.containers[0]?.ports?.push({ containerPort: 9697 })),
      /Container app declares port 9697, .* use another port/,
    ],
    [
      "port-taken",
      changed((pod) => {
        const args = containerOf(pod, "daprd").args ?? [];
        args[args.indexOf("--app-port") + 1] = "9696";
      }),
      /listens on port 9696, .* use another port/,
    ],
    ["job-on-failure", podOf("job-on-failure"), /set dapr.io\/enable-native-sidecar: "true", or restartPolicy: Never/],
    ["no-app-port", podOf("no-app-port"), /set dapr.io\/app-port, or daps.io\/app-port/],
    [
      "no-app-port",
      changed((pod) => {
        const { args = [] } = containerOf(pod, "daprd");
        args?.splice(args.indexOf("--app-port"), 2);
        delete pod.metadata?.annotations?.["dapr.io/app-port"];
      }, "job"),
      /never completes with an ordinary daprd: set dapr.io\/enable-native-sidecar/,
    ],
    [
      "app-address",
      changed((pod) => containerOf(pod, "daprd").args?.push("--app-channel-address", "not an address")),
      /accepted is a host name or an IP address; received "not an address"/,
    ],
    ["no-app-container", changed(({ spec }) => spec.containers.shift()), /set daps.io\/app-container/],
  ])("%s", (reason, pod, message) => {
    const admitted = admitPod(pod);
    expect(admitted).toMatchObject({ reason, injected: false, ids: ["not-injected"] });
    expect(admitted.warnings[0]?.message).toMatch(message);
    expect(admitted.pod.spec).toEqual(pod.spec);
  });

  it("names what is wrong with its settings too", () => {
    const { ids } = admitPod(annotated(podOf("host-network"), { "daps.io/settle": "soon" }));
    expect(ids).toEqual(["bad-value", "not-injected"]);
  });

  it("unless it has said that it wants none", () => {
    const off = { "daps.io/enabled": "false", "daps.io/settle": "soon" };
    expect(admitPod(annotated(podOf("ordinary"), off)).warnings).toEqual([]);
  });

  it("where a value that can't be read would have turned it on", () => {
    const admitted = admitPod(annotated(podOf("ordinary"), { "daps.io/enabled": "ture" }), {
      ...OPTIONS,
      chart: { "defaults.enabled": false },
    });
    expect(admitted).toMatchObject({ reason: "disabled", ids: ["bad-value"] });
    expect(admitted.warnings[0]?.message).toContain("daps.io/enabled");
  });
});

describe("a pod is injected", () => {
  it.each(["y", "Yes", "TRUE", "t", "on", "1"])("if dapr.io/enabled is %s", (value) => {
    expect(admitPod(annotated(podOf("ordinary"), { "dapr.io/enabled": value })).reason).toBe("injected");
  });

  it("if only a UDP port has the number of one of DAPS's", () => {
    const pod = changed(({ spec }) => spec.containers[0]?.ports?.push({ containerPort: 9697, protocol: "UDP" }));
    expect(admitPod(pod).reason).toBe("injected");
  });

  it("without a relay if daps.io/app-port says where an app listens that Dapr does not call", () => {
    const admitted = admitPod(annotated(podOf("no-app-port"), { "daps.io/app-port": "8080" }));
    expect(admitted).toMatchObject({ reason: "injected", warnings: [] });
    expect(configIn(admitted.pod).app).toMatchObject({ port: 8080, relay: false });
    expect(containerOf(admitted.pod, "daprd").args).toEqual(containerOf(podOf("no-app-port"), "daprd").args);
  });

  it("with the port that Dapr calls, if daps.io/app-port says another one", () => {
    const admitted = admitPod(annotated(podOf("ordinary"), { "daps.io/app-port": "8080" }));
    expect(configIn(admitted.pod).app).toMatchObject({ port: 3000, relay: true });
    expect(admitted.ids).toEqual(["bad-value"]);
    expect(admitted.warnings[0]?.message).toBe(
      'Cannot use annotation daps.io/app-port: accepted is dapr.io/app-port, 3000, where there is one; received "8080"',
    );
  });

  it("without losing labels and annotations with the names of an object's own properties", () => {
    const names = { constructor: "a", prototype: "b", hasOwnProperty: "c", toString: "d" };
    const pod = changed(({ metadata }) => metadata!.labels = { ...metadata?.labels, ...names });
    const { labels } = admitPod(pod).pod.metadata ?? {};
    expect(labels).toEqual({ ...pod.metadata?.labels, "daps.io/injected": "true" });
  });
});

describe("the second pass", () => {
  const first = admitPod(podOf("two-containers-undeclared"));

  it("keeps the app of the first, whatever was put before it", () => {
    const pod = structuredClone(first.pod);
    pod.spec.containers.unshift({ name: "mesh", ports: [{ containerPort: 3000 }] });
    expect(admitPod(pod).operations).toEqual([]);
  });

  it("follows a longer grace period", () => {
    const pod = structuredClone(first.pod);
    pod.spec.terminationGracePeriodSeconds = 120;
    const second = admitPod(pod);
    expect(configIn(second.pod).gracePeriodMs).toBe(120_000);
    expect(admitPod(second.pod).operations).toEqual([]);
  });

  it("takes over a preStop that came in between, and lets the sidecar carry it out", () => {
    const pod = structuredClone(first.pod);
    const get = { host: "mesh.example.com", port: 15_020, path: "/quit" };
    containerOf(pod, "first").lifecycle = { preStop: { httpGet: get } };
    const second = admitPod(pod);
    expect(configIn(second.pod).app).toMatchObject({ held: true, preStop: { kind: "httpGet", get } });
    expect(dapsOf(second.pod).command?.join(" ")).toContain("mesh.example.com:15020");
    expect(admitPod(second.pod).operations).toEqual([]);
  });

  it("says that it can't hold a container that got an exec in between", () => {
    const pod = structuredClone(first.pod);
    containerOf(pod, "first").lifecycle = { preStop: { exec: { command: ["/bye"] } } };
    const second = admitPod(pod);
    expect(second.ids).toEqual(["app-exec-hook"]);
    expect(configIn(second.pod).app.held).toBe(false);
    expect(admitPod(second.pod).operations).toEqual([]);
  });
});

describe("warnings", () => {
  const settings = { "daps.io/app-container": "x".repeat(60), "daps.io/ready-timeout": "y".repeat(300) };

  it.each(FIXTURES)("about %s are as short as the API server wants them", (name) => {
    const pod = annotated(podOf(name), settings);
    pod.spec.containers.push(...Array.from({ length: 20 }, (_, index) => ({ name: `${"c".repeat(30)}-${index}` })));
    const { warnings, pod: { metadata } } = admitPod(pod);
    const sentences = warnings.length > 0 ? metadata?.annotations?.["daps.io/warnings"]?.split("\n") ?? [] : [];
    expect(sentences).toHaveLength(warnings.length);
    expect(sentences.filter(({ length }) => length > WARNING_LENGTH)).toEqual([]);
  });
});
