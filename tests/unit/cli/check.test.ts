import { describe, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { run } from "../../../services/cli/program.ts";
import { memoryTerminal } from "./terminal.ts";

type Json = {
  workloads: {
    verdict: string;
    reason: string;
    daprd: { native: boolean; simulated: boolean } | null;
    daps: { native: boolean; config: { ready: { source: string }; job: boolean } } | null;
    settings: Record<string, { value: string | null; source: string }>;
    warnings: { id: string; message: string }[];
  }[];
  problems: { file: string; document: number | null; message: string }[];
};

type Parts = { annotations?: Record<string, string>; own?: Record<string, string>; kind?: string; spec?: object };

function deployment({ annotations = {}, own = {}, kind = "Deployment", spec = {} }: Parts = {}): string {
  return stringify({
    apiVersion: "apps/v1",
    kind,
    metadata: { name: "worker", namespace: "orders", annotations: own },
    spec: {
      template: {
        metadata: { annotations: { "dapr.io/enabled": "true", "dapr.io/app-port": "8080", ...annotations } },
        spec: { containers: [{ name: "worker", image: "worker:1", ports: [{ containerPort: 8080 }] }], ...spec },
      },
    },
  });
}

async function check(text: string, args: readonly string[] = [], files: Readonly<Record<string, string>> = {}) {
  const terminal = memoryTerminal({ "app.yaml": text, ...files });
  const code = await run(["check", "-f", "app.yaml", "--json", ...args], terminal);
  const json = (terminal.stdout() === "" ? { workloads: [], problems: [] } : JSON.parse(terminal.stdout())) as Json;
  return { code, json, workload: json.workloads[0], stderr: terminal.stderr() };
}

describe("daps check", () => {
  it("is fine with a workload that DAPS serves well", async () => {
    const { code, workload, json } = await check(deployment());
    expect(code).toBe(0);
    expect(json.problems).toEqual([]);
    expect(workload).toMatchObject({
      ...{ file: "app.yaml", document: 1, kind: "Deployment", namespace: "orders", name: "worker" },
      ...{ verdict: "inject", reason: "injected", warnings: [] },
      daprd: { native: false, simulated: true },
      daps: { native: true, config: { ready: { source: "port" }, job: false } },
    });
  });

  it("says where each setting comes from", async () => {
    const values = stringify({ defaults: { settle: "1s", readyPath: "/ready", callDrain: "", busyInterval: "soon" } });
    const text = deployment({ annotations: { "daps.io/settle": "2s", "daps.io/drain-margin": "never" } });
    const { code, workload } = await check(text, ["--values", "values.yaml"], { "values.yaml": values });
    expect(code).toBe(1);
    expect(workload?.settings).toMatchObject({
      "settle": { value: "2s", source: "annotation" },
      "ready-path": { value: "/ready", source: "chart" },
      "call-drain": { value: "20s", source: "default" },
      "busy-interval": { value: "250ms", source: "default" },
      "drain-margin": { value: "3s", source: "default" },
      "ready-timeout": { value: null, source: "default" },
    });
    expect(workload?.warnings.map(({ id }) => id)).toEqual(["bad-value", "bad-value"]);
  });

  it("takes the cluster's and Dapr's modes into account", async () => {
    expect((await check(deployment(), ["--kube-version", "v1.28.3"])).workload?.daps?.native).toBe(false);
    expect((await check(deployment(), ["--kube-version", "1.29"])).workload?.daps?.native).toBe(true);
    expect((await check(deployment(), ["--dapr-native"])).workload?.daprd?.native).toBe(true);
    const { code, stderr } = await check(deployment(), ["--kube-version", "new"]);
    expect([code, stderr]).toEqual([
      2,
      'daps: Cannot use --kube-version: accepted is a version such as 1.35; received "new"\n',
    ]);
  });

  it.each(
    [
      ["not for Dapr", { annotations: { "dapr.io/enabled": "false" } }, 0, "not-dapr", []],
      ["disabled", { annotations: { "daps.io/enabled": "false" } }, 0, "disabled", []],
      ["on the host's network", { spec: { hostNetwork: true } }, 1, "host-network", ["not-injected"]],
      ["without a port", { annotations: { "dapr.io/app-port": "0" } }, 1, "no-app-port", ["not-injected"]],
      ["a Job that restarts", { kind: "Job", spec: { restartPolicy: "OnFailure" } }, 1, "job-on-failure", [
        "not-injected",
      ]],
    ] as const,
  )("leaves alone what is %s", async (_, parts, code, reason, warnings) => {
    const result = await check(deployment(parts));
    expect(result.code).toBe(code);
    expect(result.workload).toMatchObject({ verdict: "skip", reason, daps: null });
    expect(result.workload?.warnings.map(({ id }) => id)).toEqual(warnings);
  });

  it("finds annotations on the object instead of its pods", async () => {
    const { code, workload } = await check(deployment({ own: { "daps.io/settle": "1s", "dapr.io/enabled": "true" } }));
    expect(code).toBe(1);
    expect(workload?.warnings).toEqual([{
      id: "misplaced-annotation",
      message: "Annotation daps.io/settle stands on the Deployment, where it has no effect: move it to " +
        "spec.template.metadata.annotations",
    }]);
  });

  it("guesses what an unknown annotation should be", async () => {
    const { workload } = await check(deployment({ annotations: { "daps.io/redy-path": "/x" } }));
    expect(workload?.warnings[0]?.message).toMatch(/did you mean daps\.io\/ready-path\?$/);
  });

  it("says that Dapr does not serve a bare pod of most people", async () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "x", annotations: { "dapr.io/enabled": "true", "dapr.io/app-port": "80" } },
      spec: { containers: [{ name: "a" }] },
    };
    expect((await check(stringify(pod))).workload?.warnings.map(({ id }) => id)).toEqual(["bare-pod"]);
  });

  it("assesses what it can and names what it can't", async () => {
    const { code, json, stderr } = await check(`${deployment()}---\nhello\n`);
    expect(code).toBe(2);
    expect(json.workloads).toHaveLength(1);
    expect(json.problems).toEqual([
      { file: "app.yaml", document: 2, message: 'it must be a Kubernetes object: received "hello"' },
    ]);
    expect(stderr).toBe('daps: Cannot use app.yaml, document 2: it must be a Kubernetes object: received "hello"\n');
  });

  it("prints for people, settings that differ from their default only if not asked for all", async () => {
    const terminal = memoryTerminal({ a: deployment({ annotations: { "daps.io/settle": "2s" } }) });
    expect(await run(["check", "-f", "a"], terminal)).toBe(0);
    expect(terminal.stdout()).toContain("Deployment orders/worker (a, document 1): gets DAPS\n");
    expect(terminal.stdout()).toMatch(/^ {2}settle +2s +annotation$/m);
    expect(terminal.stdout()).not.toContain("call-drain");
    expect(terminal.stdout()).toContain("1 workload: 1 with DAPS, 0 left alone; 0 warnings\n");
    const all = memoryTerminal({ a: deployment() });
    await run(["check", "--all", "-f", "a"], all);
    expect(all.stdout()).toMatch(/^ {2}call-drain +20s +default$/m);
  });

  it("has nothing to say about a manifest without pods", async () => {
    const terminal = memoryTerminal({ a: "apiVersion: v1\nkind: Service\n" });
    expect(await run(["check", "-f", "a"], terminal)).toBe(0);
    expect(terminal.stdout()).toBe("Nothing here makes pods.\n");
  });
});

describe("daps inject", () => {
  async function inject(text: string, ...args: string[]) {
    const terminal = memoryTerminal({ a: text });
    const code = await run(["inject", "-f", "a", ...args], terminal);
    return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
  }

  it("writes the pods as they would run, and leaves the rest", async () => {
    const service = "apiVersion: v1\nkind: Service # as it was\nmetadata: {name:   x}\n";
    const { code, stdout, stderr } = await inject(`${service}---\n${deployment()}`);
    expect(code).toBe(0);
    expect(stderr).toBe("Deployment orders/worker: gets DAPS, next to a stand-in for the daprd that Dapr will add\n");
    expect(stdout.startsWith(`${service}---\n# Pods as they would run`)).toBe(true);
    const [, second] = parseAllDocuments(stdout).map((document) => document.toJS() as never) as {
      metadata: object;
      spec: {
        template: { metadata: object; spec: { containers: { name: string }[]; initContainers: { name: string }[] } };
      };
    }[];
    expect(second?.metadata).toEqual({ name: "worker", namespace: "orders", annotations: {} });
    expect(second?.spec.template.metadata).toEqual({
      annotations: { "dapr.io/enabled": "true", "dapr.io/app-port": "8080", "daps.io/status": "injected" },
      labels: { "daps.io/injected": "true" },
    });
    expect(second?.spec.template.spec.containers.map(({ name }) => name)).toEqual(["worker", "daprd"]);
    expect(second?.spec.template.spec.initContainers.map(({ name }) => name)).toEqual(["daps"]);
  });

  it("is idempotent", async () => {
    for (const args of [[], ["--dapr-native"], ["--kube-version", "1.28"]]) {
      const once = (await inject(deployment(), ...args)).stdout;
      const twice = (await inject(once, ...args)).stdout;
      expect(parseAllDocuments(twice)[0]?.toJS()).toEqual(parseAllDocuments(once)[0]?.toJS());
    }
  });

  it("changes no byte of what gets no DAPS", async () => {
    const text = deployment({ annotations: { "dapr.io/enabled": "false" } }).replace("kind", "# a\nkind");
    expect(await inject(text)).toMatchObject({ code: 0, stdout: text });
  });

  it("writes nothing of a manifest that can't be used", async () => {
    expect(await inject(`${deployment()}---\nhello\n`)).toMatchObject({ code: 2, stdout: "" });
  });
});
