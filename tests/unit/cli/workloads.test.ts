import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseManifest } from "../../../services/cli/manifest/documents.ts";
import { findWorkloads, podOf } from "../../../services/cli/manifest/workloads.ts";

const TEMPLATE = { metadata: { annotations: { "dapr.io/enabled": "true" } }, spec: { containers: [{ name: "app" }] } };

function read(text: string) {
  const { documents, problems } = parseManifest("app.yaml", text);
  const found = documents.map(findWorkloads);
  return {
    workloads: found.flatMap((each) => each.workloads),
    problems: [...problems, ...found.flatMap((each) => each.problems)].map(({ document, message }) => ({
      document,
      message,
    })),
  };
}

function object(kind: string, spec: object): string {
  return stringify({ apiVersion: "v1", kind, metadata: { name: "x" }, spec });
}

describe("findWorkloads()", () => {
  it.each(
    [
      ...["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Rollout"].map((kind) =>
        [kind, { template: TEMPLATE }, ["spec", "template"]] as const
      ),
      ["CronJob", { jobTemplate: { spec: { template: TEMPLATE } } }, ["spec", "jobTemplate", "spec", "template"]],
      ["ScaledJob", { jobTargetRef: { template: TEMPLATE } }, ["spec", "jobTargetRef", "template"]],
    ] as const,
  )("finds the pods of a %s", (kind, spec, path) => {
    const { workloads, problems } = read(object(kind, spec));
    expect(problems).toEqual([]);
    expect(workloads).toMatchObject([{ kind, name: "x", namespace: null, path, template: TEMPLATE }]);
    expect(podOf(workloads[0] as never)).toMatchObject({ ...TEMPLATE, metadata: { generateName: "x-" } });
  });

  it("tells a Job's pods by their owner", () => {
    const { workloads } = read(object("CronJob", { jobTemplate: { spec: { template: TEMPLATE } } }));
    expect(podOf(workloads[0] as never)["metadata"]).toMatchObject({
      ownerReferences: [{ kind: "Job", controller: true }],
    });
  });

  it("looks into lists, of lists too", () => {
    const pod = { apiVersion: "v1", kind: "Pod", ...TEMPLATE };
    const inner = { apiVersion: "v1", kind: "List", items: [pod] };
    const { workloads } = read(stringify({ apiVersion: "v1", kind: "PodList", items: [pod, inner] }));
    expect(workloads.map(({ path }) => path)).toEqual([["items", 0], ["items", 1, "items", 0]]);
  });

  it("passes over what makes no pods", () => {
    const text = `${object("Service", { ports: [] })}---\n${object("Certificate", { template: { name: "x" } })}`;
    expect(read(text)).toEqual({ workloads: [], problems: [] });
  });

  it.each([
    ["kind: Pod\n", "it must be a Kubernetes object: apiVersion must be text: received nothing"],
    ["apiVersion: v1\nkind: 1\n", "it must be a Kubernetes object: kind must be text: received 1"],
    ["hello\n", 'it must be a Kubernetes object: received "hello"'],
    ["[1]\n", "it must be a Kubernetes object: received [1]"],
    ["apiVersion: v1\nkind: List\nitems: [3]\n", "items.0: it must be a Kubernetes object: received 3"],
    [object("Deployment", {}), "Deployment x: spec.template.metadata and spec must be Object: received nothing"],
    [object("Pod", { containers: [] }), "Pod x: spec.containers must be >=1: received 0"],
    [
      "apiVersion: v1\nkind: Pod\nmetadata: { name: x, annotations: { dapr.io/enabled: yes } }\nspec: { containers: [{ name: a }] }",
      "Pod x: metadata.annotations.dapr.io/enabled must be string: received true (put it in quotes)",
    ],
    [
      object("Pod", { containers: [{ name: "a", env: [{ name: "PORT", value: 80 }] }] }),
      "Pod x: spec.containers.0.env.0.value must be string: received 80 (put it in quotes)",
    ],
    [object("Pod", { containers: [{ name: "a" }], hostNetwork: 1 }), "Pod x: spec does not have a pod's form"],
  ])("names what is wrong with %j", (text, message) => {
    expect(read(text).problems).toEqual([{ document: 1, message }]);
  });
});

describe("parseManifest()", () => {
  it("counts documents, empty ones too, and goes on after a bad one", () => {
    const pod = object("Pod", { containers: [{ name: "a" }] });
    const { workloads, problems } = read(`---\n---\na: [\n---\n${pod}`);
    expect(problems).toMatchObject([{ document: 2, message: expect.stringMatching(/^it is not YAML: .* at line 4/) }]);
    expect(workloads.map(({ document }) => document.index)).toEqual([3]);
  });

  it("knows a Helm template when it sees one", () => {
    expect(read("{{- if .Values.x }}\na: 1\n{{- end }}\n").problems[0]?.message).toContain("render it first");
  });

  it.each(["", "\n\n", "---\n", "# a comment\n"])("says that %j holds nothing", (text) => {
    expect(read(text).problems).toEqual([{ document: null, message: "it holds no document" }]);
  });

  it("reads values as Kubernetes does", () => {
    const [document] = parseManifest("a", "a: 0644\nb: yes\nc: 2001-12-14\nd: 12:30\n").documents;
    expect(document?.value).toEqual({ a: 420, b: true, c: "2001-12-14", d: "12:30" });
  });

  it("keeps every byte of the source", () => {
    const text = "# head\n---\na: 1\n...\n---\n# only\n---\nb: 2 # end\n\n";
    expect(parseManifest("a", text).documents.map(({ source }) => source).join("")).toBe(text);
  });

  it("is not led astray by aliases that multiply", () => {
    const lines = Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${i ? `*a${i - 1},`.repeat(9) : "x"}]`);
    expect(read(lines.join("\n")).problems[0]?.message).toContain("alias");
  });
});
