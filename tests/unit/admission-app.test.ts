import { describe, expect, it } from "vitest";
import type { Container, Pod } from "../../services/core/admission/pod.ts";
import { admitPod, annotated, configIn, dapsOf } from "../fixtures/admitting.ts";
import { containerOf, podOf } from "../fixtures/pods.ts";

/** A recorded pod with these containers, and daprd behind them. */
function withContainers(...containers: Container[]): Pod {
  const pod = podOf("ordinary");
  pod.spec.containers = [...containers, containerOf(pod, "daprd")];
  return pod;
}

const listening = (name: string): Container => ({ name, ports: [{ containerPort: 3000 }] });

describe("the app container", () => {
  it.each<[string, Pod, string]>([
    ["declares the port, though it is not the first", withContainers({ name: "a" }, listening("b")), "b"],
    ["is the only one", withContainers({ name: "only" }), "only"],
    ["is the only one beside known sidecars", withContainers({ name: "istio-proxy" }, { name: "b" }), "b"],
    [
      "is the one that is named",
      annotated(withContainers(listening("a"), { name: "b" }), { "daps.io/app-container": "b" }),
      "b",
    ],
  ])("%s", (_, pod, name) => {
    const admitted = admitPod(pod);
    expect(configIn(admitted.pod).app.container).toBe(name);
    expect(admitted.warnings).toEqual([]);
    expect(containerOf(admitted.pod, name).lifecycle?.preStop).toBeDefined();
  });

  it("is the first where nothing tells, with a warning that says what would", () => {
    const { pod, ids, warnings } = admitPod(podOf("two-containers-undeclared"));
    expect(configIn(pod).app.container).toBe("first");
    expect(ids).toEqual(["no-app-container"]);
    expect(warnings[0]?.message).toBe(
      "Took container first for the app, the first of 2: declare containerPort 3000 on the app, or set daps.io/app-container",
    );
  });

  it.each(["other", "daprd"])("is found where the named one can't be it: %s", (name) => {
    const { pod, warnings } = admitPod(
      annotated(withContainers({ name: "a" }, listening("b")), { "daps.io/app-container": name }),
    );
    expect(configIn(pod).app.container).toBe("b");
    expect(warnings).toEqual([{
      id: "bad-value",
      message: `Cannot use annotation daps.io/app-container: accepted is one of a, b; received "${name}"`,
    }]);
  });
});

describe("readiness", () => {
  const readyOf = (pod: Pod) => configIn(admitPod(pod).pod).ready;
  const allowed = (pod: Pod) => dapsOf(admitPod(pod).pod).command?.find((word) => word.startsWith("--allow-net="));

  it.each<[string, object]>([
    ["readiness-http", {
      kind: "http",
      get: { scheme: "http", host: null, port: 3000, path: "/ready", headers: [{ name: "x", value: "y" }] },
    }],
    ["readiness-https", {
      kind: "http",
      get: { scheme: "https", host: null, port: 3443, path: "/ready", headers: [] },
    }],
    ["readiness-tcp", { kind: "tcp", port: 3000 }],
    ["readiness-grpc", { kind: "grpc", port: 3000, service: "orders" }],
  ])("is asked as the probe of %s does, for a minute", (name, check) => {
    expect(readyOf(podOf(name))).toEqual({ check, source: "readinessProbe", timeoutMs: 60_000, intervalMs: 100 });
  });

  it.each(["ordinary", "readiness-exec"])("is the port accepting for %s, without end", (name) => {
    const check = { kind: "tcp", port: 3000 };
    expect(readyOf(podOf(name))).toEqual({ check, source: "port", timeoutMs: null, intervalMs: 100 });
  });

  it("is asked by ready-path before the probe, without end, where the app is", () => {
    const pod = annotated(podOf("readiness-http"), { "daps.io/ready-path": "/up?deep=1" });
    expect(readyOf(pod)).toMatchObject({
      check: { kind: "http", get: { scheme: "http", host: "127.0.0.1", port: 3000, path: "/up?deep=1" } },
      source: "ready-path",
      timeoutMs: null,
    });
    const other = annotated(podOf("app-channel-address"), { "daps.io/ready-path": "/up" });
    expect(readyOf(other).check).toMatchObject({ get: { host: "127.0.0.2" } });
    const tls = annotated(podOf("app-ssl"), { "daps.io/ready-path": "/up" });
    expect(readyOf(tls).check).toMatchObject({ get: { scheme: "https" } });
  });

  it("has the time-out that is set", () => {
    const timeout = { "daps.io/ready-timeout": "5s" };
    for (const name of ["readiness-http", "ordinary"]) {
      expect(readyOf(annotated(podOf(name), timeout)).timeoutMs).toBe(5000);
    }
    expect(readyOf(annotated(podOf("ordinary"), { ...timeout, "daps.io/ready-path": "/up" })).timeoutMs).toBe(5000);
  });

  it.each<[string, Container["readinessProbe"]]>([
    ["a port that the container does not name", { httpGet: { port: "nowhere" } }],
    ["a port that is none", { tcpSocket: { port: 70_000 } }],
    ["a gRPC port that is none", { grpc: { port: 0 } }],
    ["a host that is none", { httpGet: { port: 80, host: "no host, none" } }],
    ["nothing", {}],
  ])("is the port accepting if the probe has %s", (_, readinessProbe) => {
    const pod = podOf("ordinary");
    containerOf(pod, "app").readinessProbe = readinessProbe;
    expect(readyOf(pod).source).toBe("port");
  });

  it("may be asked by the sidecar where the probe points", () => {
    expect(allowed(podOf("readiness-https"))).toContain("127.0.0.1:3443");
    const pod = podOf("app-channel-address");
    containerOf(pod, "app").readinessProbe = { tcpSocket: { port: 3001 } };
    // Its address is the app's: a permission that is refused would count as a port that accepts.
    expect(allowed(pod)).toContain("127.0.0.2:3001");
    containerOf(pod, "app").readinessProbe = { httpGet: { host: "::1", port: 3002, path: "ready" } };
    expect(readyOf(pod).check).toMatchObject({ get: { host: "::1", path: "/ready" } });
    expect(allowed(pod)).toContain("[::1]:3002");
  });
});
