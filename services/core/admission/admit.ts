/**
 * The whole of an admission, from the decoded body of a request to the review that answers it: a pure function.
 * @module
 */
import { OWN_ANNOTATIONS, readSettings, type SettingsRead } from "../settings.ts";
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

export type Reason = "injected" | "not-a-pod" | "not-created" | SkipReason;

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
  // A pod that exists can't take containers.
  const { operations, ...outcome } = request.operation === "CREATE"
    ? mutate(request.object, options, token)
    : untouched("not-created");
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
  if (!pod) return untouched("not-a-pod");
  const name = pod.metadata?.name || pod.metadata?.generateName || "";
  const read = readSettings(annotationsOf(pod), options.chart);
  const verdict = judge(pod, read.settings);
  if (!verdict.inject) {
    const { reason } = verdict;
    const warnings = [...misread(read, reason), ...verdict.warnings];
    if (warnings.length > 0) record(pod, `skipped: ${reason}`, warnings);
    return { operations: patchBetween(object, pod), injected: false, reason, warnings, name };
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

function untouched(reason: Reason): Mutation {
  return { operations: [], injected: false, reason, warnings: [], name: "" };
}

/** What was wrong with the settings of a pod that is left alone, unless nobody expects DAPS in it. */
function misread({ annotated, warnings }: SettingsRead, reason: SkipReason): readonly Warning[] {
  switch (reason) {
    case "not-dapr":
    case "no-daprd":
    case "mirror-pod":
      return [];
    case "disabled":
      return annotated.has("enabled") ? [] : warnings;
    default:
      return warnings;
  }
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
