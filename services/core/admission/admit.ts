/**
 * The whole of an admission, from the decoded body of a request to the review that answers it: a pure function.
 * @module
 */
import { OWN_ANNOTATIONS, readSettings } from "../settings.ts";
import { type Warning, warning } from "../warnings.ts";
import { type Operation, patchBetween } from "./patch.ts";
import { plan } from "./plan.ts";
import { annotationsOf, type Pod, readPod } from "./pod.ts";
import { decodeReview, respond, type ReviewRequest } from "./review.ts";
import { judge, type SkipReason } from "./verdict.ts";

export type AdmissionOptions = {
  /** The chart's values, keyed as in the settings table (`defaults.readyPath`). */
  readonly chart: Readonly<Record<string, unknown>>;
  readonly image: string;
  readonly imagePullPolicy?: string | undefined;
  /** Whether the cluster has native sidecars (Kubernetes ≥ 1.29). */
  readonly nativeSupported: boolean;
};

export type Reason = "injected" | "not-a-pod" | SkipReason;

export type AdmissionOutcome =
  | {
    readonly kind: "answered";
    /** The AdmissionReview to send. */
    readonly review: object;
    readonly injected: boolean;
    readonly reason: Reason;
    readonly warnings: readonly Warning[];
    /** `namespace/name`, with the prefix of a generated name where there is none yet. */
    readonly pod: string;
  }
  | { readonly kind: "unreadable"; readonly message: string };

/** The label that an injected pod carries. */
export const INJECTED_LABEL = "daps.io/injected";

/**
 * @param body the decoded JSON of the request
 * @param token random, for the hooks of this pod
 */
export function admit(body: unknown, options: AdmissionOptions, token: string): AdmissionOutcome {
  let request: ReviewRequest;
  try {
    request = decodeReview(body);
  } catch (error) {
    return { kind: "unreadable", message: error instanceof Error ? error.message : String(error) };
  }
  const { operations, ...outcome } = mutate(request.object, options, token);
  return {
    kind: "answered",
    review: respond(request.uid, operations, outcome.warnings.map(sentence)),
    pod: `${request.namespace}/${outcome.name}`,
    injected: outcome.injected,
    reason: outcome.reason,
    warnings: outcome.warnings,
  };
}

export type Mutation = {
  readonly operations: readonly Operation[];
  readonly injected: boolean;
  readonly reason: Reason;
  readonly warnings: readonly Warning[];
  readonly name: string;
};

/** What DAPS does to one pod. Never throws; what is not a pod is left alone. */
export function mutate(object: unknown, options: AdmissionOptions, token: string): Mutation {
  const pod = readPod(object);
  if (!pod) return { operations: [], injected: false, reason: "not-a-pod", warnings: [], name: "" };
  const name = pod.metadata?.name || pod.metadata?.generateName || "";
  const read = readSettings(annotationsOf(pod), options.chart);
  const verdict = judge(pod, read.settings);
  if (!verdict.inject) {
    if (verdict.warnings.length > 0) record(pod, `skipped: ${verdict.reason}`, verdict.warnings);
    return {
      operations: verdict.warnings.length > 0 ? patchBetween(object, pod) : [],
      injected: false,
      reason: verdict.reason,
      warnings: verdict.warnings,
      name,
    };
  }
  const planned = plan(pod, verdict, {
    read,
    image: options.image,
    imagePullPolicy: options.imagePullPolicy ?? "IfNotPresent",
    nativeSupported: options.nativeSupported,
    token,
  });
  const warnings = [...read.warnings, ...planned];
  record(pod, "injected", warnings);
  const metadata = pod.metadata ??= {};
  metadata.labels = { ...metadata.labels, [INJECTED_LABEL]: "true" };
  return { operations: patchBetween(object, pod), injected: true, reason: "injected", warnings, name };
}

/** Controllers swallow the warnings of the response, so the pod carries them too. */
function record(pod: Pod, status: string, warnings: readonly Warning[]): void {
  const metadata = pod.metadata ??= {};
  const said = metadata.annotations?.[OWN_ANNOTATIONS.warnings]?.split("\n") ?? [];
  const all = new Set([...said, ...warnings.map(sentence)]);
  metadata.annotations = {
    ...metadata.annotations,
    [OWN_ANNOTATIONS.status]: status,
    ...(all.size > 0 && { [OWN_ANNOTATIONS.warnings]: [...all].join("\n") }),
  };
}

function sentence({ id, message }: Warning): string {
  return `daps: ${message} [${id}]`;
}

/** For the shell, when something that should not throw did: the pod goes in as it is. */
export function allowUnchanged(uid: string): object {
  return respond(uid, [], [
    sentence(warning("not-injected", "DAPS failed on this pod and left it alone: see the log of daps-webhook")),
  ]);
}
