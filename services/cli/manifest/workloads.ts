/**
 * The objects of a manifest that make pods, and the pods they make.
 * @module
 */
import { type InputProblem, isRecord, type ManifestDocument } from "./documents.ts";
import { podProblem } from "./pod-form.ts";

/** Keys and indices from the top of a document to a value in it. */
export type Path = readonly (string | number)[];

export type Workload = {
  readonly document: ManifestDocument;
  readonly kind: string;
  /** Null: the manifest does not say. */
  readonly namespace: string | null;
  readonly name: string;
  /** Where the pod, or the pod's template, lies in the document. */
  readonly path: Path;
  /** What lies there. */
  readonly template: Readonly<Record<string, unknown>>;
  /** Annotations of the object itself; for a pod the same as the pod's. */
  readonly annotations: Readonly<Record<string, unknown>>;
  /** The kind that creates the pods; null: the pod is created as it is. */
  readonly owner: string | null;
};

type Kind = { readonly template: Path; readonly owner: string | null };

const TEMPLATE: Path = ["spec", "template"];

const KINDS: Readonly<Record<string, Kind>> = {
  Pod: { template: [], owner: null },
  Deployment: { template: TEMPLATE, owner: "ReplicaSet" },
  ReplicaSet: { template: TEMPLATE, owner: "ReplicaSet" },
  ReplicationController: { template: TEMPLATE, owner: "ReplicationController" },
  StatefulSet: { template: TEMPLATE, owner: "StatefulSet" },
  DaemonSet: { template: TEMPLATE, owner: "DaemonSet" },
  Job: { template: TEMPLATE, owner: "Job" },
  CronJob: { template: ["spec", "jobTemplate", "spec", "template"], owner: "Job" },
  // Of KEDA.
  ScaledJob: { template: ["spec", "jobTargetRef", "template"], owner: "Job" },
};

export type Found = { readonly workloads: readonly Workload[]; readonly problems: readonly InputProblem[] };

/** Those of one document, in order; items of a List among them. */
export function findWorkloads(document: ManifestDocument): Found {
  const workloads: Workload[] = [];
  const problems: InputProblem[] = [];
  if (document.value !== undefined) visit(document.value, []);
  return { workloads, problems };

  function visit(object: unknown, path: Path): void {
    const place = path.length === 0 ? "" : `${path.join(".")}: `;
    const problem = (message: string) =>
      problems.push({ file: document.file, document: document.index, message: place + message });
    if (!isRecord(object)) return void problem(`it must be a Kubernetes object: received ${JSON.stringify(object)}`);
    for (const field of ["apiVersion", "kind"]) {
      const value = object[field];
      if (typeof value !== "string" || value === "") {
        return void problem(`it must be a Kubernetes object: ${field} must be text: received ${text(value)}`);
      }
    }
    const kind = object["kind"] as string;
    if (kind.endsWith("List") && Array.isArray(object["items"])) {
      object["items"].forEach((item: unknown, i) => visit(item, [...path, "items", i]));
      return;
    }
    const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : likeDeployment(object, kind);
    if (!known) return;
    const template = at(object, known.template);
    const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
    const name = textOf(metadata["name"]) ?? textOf(metadata["generateName"]) ?? "(no name)";
    const why = podProblem(template);
    if (why !== undefined || !isRecord(template)) {
      return void problem(`${kind} ${name}: ${[...known.template, why ?? ""].join(".")}`);
    }
    workloads.push({
      document,
      kind,
      namespace: textOf(metadata["namespace"]) ?? null,
      name,
      path: [...path, ...known.template],
      template,
      annotations: isRecord(metadata["annotations"]) ? metadata["annotations"] : {},
      owner: known.owner,
    });
  }
}

/** The pod as it reaches admission: with what its controller adds that DAPS looks at. */
export function podOf({ template, owner, name }: Workload): Record<string, unknown> {
  if (owner === null) return structuredClone(template);
  const metadata = isRecord(template["metadata"]) ? template["metadata"] : {};
  return structuredClone({
    apiVersion: "v1",
    kind: "Pod",
    ...template,
    metadata: { ...metadata, generateName: `${name}-`, ownerReferences: [{ kind: owner, name, controller: true }] },
  });
}

/** The template that would make `pod`. */
export function templateOf(workload: Workload, pod: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (workload.owner === null) return { ...pod };
  const { generateName: _name, ownerReferences: _owners, ...metadata } = pod["metadata"] as Record<string, unknown>;
  return { ...workload.template, metadata, spec: pod["spec"] };
}

// Kinds of others that make pods as a Deployment does, such as a Rollout or a CloneSet.
function likeDeployment(object: Readonly<Record<string, unknown>>, kind: string): Kind | undefined {
  return Array.isArray(at(object, [...TEMPLATE, "spec", "containers"]))
    ? { template: TEMPLATE, owner: kind }
    : undefined;
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => isRecord(inner) ? inner[key] : undefined, value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function text(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
