/**
 * What stands in DAPS's way: the webhook's warnings, and what only shows in a manifest.
 * @module
 */
import type { Reason } from "../../core/admission/admit.ts";
import { ANNOTATION_PREFIX, SETTING_NAMES, SETTINGS } from "../../core/settings.ts";
import type { Warning, WarningId } from "../../core/warnings.ts";
import type { Workload } from "../manifest/workloads.ts";
import { nearest } from "../nearest.ts";

/** A warning of the webhook, or one that it can't give because it sees pods alone. */
export type Finding = { readonly id: WarningId | "misplaced-annotation" | "bare-pod"; readonly message: string };

export function findings(
  workload: Workload,
  annotations: Readonly<Record<string, string>>,
  reason: Reason,
  warnings: readonly Warning[],
): Finding[] {
  const all = [
    ...misplaced(workload, annotations),
    ...warnings.map((warning) => withGuess(warning, annotations)),
    ...barePod(workload, reason),
  ];
  return [...new Map(all.map((finding) => [finding.message, finding])).values()];
}

/** Dapr and DAPS look at the pod's annotations; on the object that makes the pods they have no effect. */
function misplaced(
  { kind, owner, annotations: own, path }: Workload,
  ofPod: Readonly<Record<string, string>>,
): Finding[] {
  if (owner === null) return [];
  return Object.keys(own).filter((key) => /^dap[rs]\.io\//.test(key) && ofPod[key] === undefined).map((key) => ({
    id: "misplaced-annotation",
    message: `Annotation ${key} stands on the ${kind}, where it has no effect: move it to ${
      [...path, "metadata", "annotations"].join(".")
    }`,
  }));
}

const KEYS = SETTING_NAMES.map((name) => ANNOTATION_PREFIX + SETTINGS[name].key);

function withGuess(warning: Warning, annotations: Readonly<Record<string, string>>): Finding {
  if (warning.id !== "unknown-annotation") return warning;
  const key = Object.keys(annotations).find((each) => warning.message.includes(` ${each} `));
  const guess = key === undefined ? undefined : nearest(key, KEYS);
  return guess === undefined ? warning : { ...warning, message: `${warning.message}: did you mean ${guess}?` };
}

// `pkg/injector/service`: allowed are the controllers' service accounts and the group system:masters.
function barePod({ owner, template }: Workload, reason: Reason): Finding[] {
  const metadata = template["metadata"] as { uid?: unknown; ownerReferences?: unknown[] } | undefined;
  const exists = metadata?.uid !== undefined || metadata?.ownerReferences !== undefined;
  if (owner !== null || reason !== "injected" || exists) return [];
  return [{
    id: "bare-pod",
    message:
      "Dapr's injector serves a pod without a controller only for members of system:masters, and without daprd " +
      "DAPS leaves it alone: use a Deployment, StatefulSet or Job",
  }];
}
