/**
 * Admission reviews (`admission.k8s.io/v1`) in and out.
 * @module
 */
import * as v from "valibot";
import type { Operation } from "./patch.ts";

const schema = v.looseObject({
  apiVersion: v.literal("admission.k8s.io/v1"),
  kind: v.literal("AdmissionReview"),
  request: v.looseObject({
    uid: v.string(),
    namespace: v.nullish(v.string()),
    operation: v.nullish(v.string()),
    object: v.optional(v.unknown()),
  }),
});

/** What is asked: may this object be, and what should change. */
export type ReviewRequest = {
  readonly uid: string;
  readonly namespace: string;
  /** `CREATE`, `UPDATE` …; that webhook is asked about creations only, but its configuration can be changed. */
  readonly operation: string;
  readonly object: unknown;
};

/**
 * @throws {TypeError} naming the field, what is accepted and the value received
 */
export function decodeReview(body: unknown): ReviewRequest {
  const result = v.safeParse(schema, body);
  if (!result.success) {
    const [issue] = result.issues;
    const field = v.getDotPath(issue) ?? "the body";
    throw new TypeError(
      `Cannot read the admission review: ${field} must be ${issue.expected}: received ${issue.received}`,
    );
  }
  const { uid, namespace, operation, object } = result.output.request;
  return { uid, namespace: namespace ?? "", operation: operation ?? "CREATE", object };
}

/** The answer: always allowed; `warnings` go to whoever created the object. */
export function respond(uid: string, operations: readonly Operation[], warnings: readonly string[]): object {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid,
      allowed: true,
      ...(warnings.length > 0 && { warnings }),
      ...(operations.length > 0 && { patchType: "JSONPatch", patch: base64(JSON.stringify(operations)) }),
    },
  };
}

function base64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
