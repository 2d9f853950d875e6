/**
 * Whether a pod has the form that the API server asks for, in the fields that DAPS reads.
 * @module
 */
import * as v from "valibot";
import { readPod } from "../../core/admission/pod.ts";

const texts = v.nullish(v.record(v.string(), v.string()));
const number = v.nullish(v.number());

const container = v.looseObject({
  name: v.string(),
  command: v.nullish(v.array(v.string())),
  args: v.nullish(v.array(v.string())),
  env: v.nullish(v.array(v.looseObject({ name: v.string(), value: v.nullish(v.string()) }))),
  ports: v.nullish(v.array(v.looseObject({ containerPort: v.number() }))),
});

const pod = v.looseObject({
  metadata: v.nullish(v.looseObject({ annotations: texts, labels: texts })),
  spec: v.looseObject({
    containers: v.pipe(v.array(container), v.minLength(1)),
    initContainers: v.nullish(v.array(container)),
    terminationGracePeriodSeconds: number,
  }),
});

/** The first field that is not as it must be, and why; undefined if core can read the pod. */
export function podProblem(object: unknown): string | undefined {
  const result = v.safeParse(pod, object);
  if (result.success) return readPod(object) ? undefined : "spec does not have a pod's form";
  const [issue] = result.issues;
  const field = v.getDotPath(issue) ?? "metadata and spec";
  const unquoted = issue.expected === "string" && ["boolean", "number"].includes(typeof issue.input);
  const received = issue.received === "undefined" ? "nothing" : issue.received;
  return `${field} must be ${issue.expected}: received ${received}${unquoted ? " (put it in quotes)" : ""}`;
}
