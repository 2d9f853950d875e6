import { describe, expect, it } from "vitest";
import type { Handler, Pod } from "../../services/core/admission/pod.ts";
import { admitPod, configIn, dapsOf, TOKEN, WITHOUT_NATIVE } from "../fixtures/admitting.ts";
import { containerOf, podOf } from "../fixtures/pods.ts";

const ours = (name: string, token = TOKEN): Handler => ({
  httpGet: { path: `/hooks/${name}`, port: 9697, httpHeaders: [{ name: "daps-token", value: token }] },
});

/** A pod whose container has this preStop. */
function withPreStop(preStop: Handler, container = "app", name = "ordinary"): Pod {
  const pod = podOf(name);
  containerOf(pod, container).lifecycle = { postStart: { exec: { command: ["/hello"] } }, preStop };
  return pod;
}

describe("DAPS's preStop", () => {
  it("is on the app, on an ordinary daprd and on DAPS, each with the token of the pod", () => {
    const { pod } = admitPod(podOf("ordinary"), WITHOUT_NATIVE);
    for (const name of ["app", "daprd", "daps"]) expect(containerOf(pod, name).lifecycle?.preStop).toEqual(ours(name));
    expect(dapsOf(pod).env).toContainEqual({ name: "DAPS_TOKEN", value: TOKEN });
  });

  it("is not on a native daprd, nor on other containers", () => {
    const { pod } = admitPod(podOf("native"));
    expect(containerOf(pod, "daprd").lifecycle).toBe(undefined);
    expect(containerOf(pod, "app").lifecycle?.preStop).toEqual(ours("app"));
    expect(containerOf(admitPod(podOf("two-containers")).pod, "helper").lifecycle).toBe(undefined);
  });

  it("gets the new token where a copy of an injected pod brought an old one", () => {
    const { pod } = admitPod(withPreStop(ours("app", "old")));
    expect(containerOf(pod, "app").lifecycle?.preStop).toEqual(ours("app"));
    expect(configIn(pod).app).toMatchObject({ held: true, preStop: null });
  });
});

describe("a preStop of the user's", () => {
  it("that is an httpGet moves to DAPS, with its port as a number", () => {
    const { pod, warnings } = admitPod(podOf("pre-stop-http"));
    expect(containerOf(pod, "app").lifecycle?.preStop).toEqual(ours("app"));
    const get = { scheme: "http", host: null, port: 3000, path: "/bye", headers: [] };
    expect(configIn(pod).app).toMatchObject({ held: true, preStop: { kind: "httpGet", get } });
    expect(warnings).toEqual([]);
  });

  it("that is a sleep moves to DAPS, in milliseconds", () => {
    const { pod, warnings } = admitPod(podOf("pre-stop-sleep"));
    expect(containerOf(pod, "app").lifecycle?.preStop).toEqual(ours("app"));
    expect(configIn(pod).app).toMatchObject({ held: true, preStop: { kind: "sleep", ms: 5000 } });
    expect(warnings).toEqual([]);
  });

  it("that is an exec stays, with a warning", () => {
    const { pod, ids, warnings } = admitPod(podOf("pre-stop-exec"));
    expect(containerOf(pod, "app").lifecycle).toEqual(containerOf(podOf("pre-stop-exec"), "app").lifecycle);
    expect(configIn(pod).app).toMatchObject({ held: false, preStop: null });
    expect(ids).toEqual(["app-exec-hook"]);
    expect(warnings[0]?.message).toMatch(/^Container app keeps its own preStop \(exec\).*wait for the work there, or/);
  });

  it("with host, scheme and headers keeps them, and DAPS may go there", () => {
    const httpGet = {
      host: "registry.example.com",
      port: 8443,
      scheme: "HTTPS",
      path: "leave?now",
      httpHeaders: [{ name: "a", value: "b" }],
    };
    const { pod } = admitPod(withPreStop({ httpGet }));
    expect(configIn(pod).app.preStop).toEqual({
      kind: "httpGet",
      get: {
        scheme: "https",
        host: "registry.example.com",
        port: 8443,
        path: "/leave?now",
        headers: [{ name: "a", value: "b" }],
      },
    });
    expect(dapsOf(pod).command?.find((word) => word.startsWith("--allow-net="))).toContain("registry.example.com:8443");
  });

  it.each<[string, Handler]>([
    ["a port that the container does not name", { httpGet: { port: "nowhere" } }],
    ["a host that is none", { httpGet: { port: 80, host: "no host, none" } }],
    ["a sleep of no length", { sleep: { seconds: -1 } }],
    ["a kind of hook that is not known yet", { signal: { name: "SIGUSR1" } }],
    ["two kinds at once", { httpGet: { port: 80 }, sleep: { seconds: 1 } }],
  ])("with %s stays for the API server and the kubelet to judge, with a warning", (_, preStop) => {
    const { pod, ids } = admitPod(withPreStop(preStop));
    expect(containerOf(pod, "app").lifecycle?.preStop).toEqual(preStop);
    expect(configIn(pod).app.held).toBe(false);
    expect(ids).toEqual(["app-exec-hook"]);
  });

  it.each<[string, Handler]>([["is empty", {}], ["is a tcpSocket", { tcpSocket: { port: 80 } }]])(
    "that %s, which no kubelet can run, makes room",
    (_, preStop) => {
      const { pod, warnings } = admitPod(withPreStop(preStop));
      expect(containerOf(pod, "app").lifecycle?.preStop).toEqual(ours("app"));
      expect(warnings).toEqual([]);
    },
  );

  it("leaves postStart alone", () => {
    const lifecycle = containerOf(admitPod(withPreStop({ sleep: { seconds: 1 } })).pod, "app").lifecycle;
    expect(lifecycle?.["postStart"]).toEqual({ exec: { command: ["/hello"] } });
  });

  it("of an ordinary daprd is taken over or kept as the app's is", () => {
    const taken = admitPod(withPreStop({ sleep: { seconds: 1 } }, "daprd"));
    expect(configIn(taken.pod).daprd.preStop).toEqual({ kind: "sleep", ms: 1000 });
    const kept = admitPod(withPreStop({ exec: { command: ["/bye"] } }, "daprd"));
    expect(kept.ids).toEqual(["app-exec-hook"]);
    expect(kept.warnings[0]?.message).toContain("Container daprd");
  });
});
