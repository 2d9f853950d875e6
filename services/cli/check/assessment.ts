/**
 * What DAPS would do with the pods of a workload: the webhook's own decision, made on a pod as Dapr would leave it.
 * @module
 */
import { applyPatch } from "rfc6902";
import { mutate, type Reason } from "../../core/admission/admit.ts";
import { configOf } from "../../core/admission/daps-container.ts";
import { annotationsOf, DAPS, findDaprd, findDaps, type Pod, readPod } from "../../core/admission/pod.ts";
import { readSettings } from "../../core/settings.ts";
import type { SidecarConfig } from "../../core/sidecar-config.ts";
import { injectDapr } from "../dapr-injector.ts";
import type { Installation } from "../installation.ts";
import { podOf, type Workload } from "../manifest/workloads.ts";
import { type Finding, findings } from "./findings.ts";
import { inForce, type SettingInForce } from "./settings.ts";

export type Assessment = {
  readonly workload: Workload;
  readonly injected: boolean;
  readonly reason: Reason;
  /** Null: the pod has none, and gets none. */
  readonly daprd: { readonly native: boolean; readonly simulated: boolean } | null;
  /** What the sidecar would be told; null: there is none. */
  readonly daps: { readonly native: boolean; readonly config: SidecarConfig } | null;
  readonly settings: readonly SettingInForce[];
  readonly findings: readonly Finding[];
  /** The pod as it would run. */
  readonly pod: Pod;
};

/** @param token what the pod's hooks would carry */
export function assess(workload: Workload, { daps, dapr }: Installation, token: string): Assessment {
  const pod = readPod(podOf(workload));
  if (!pod) throw new TypeError(`Cannot assess ${workload.kind} ${workload.name}: it has no pod's form`);
  const annotations = annotationsOf(pod);
  const simulated = injectDapr(pod, dapr);
  const { operations, injected, reason, warnings } = mutate(pod, daps, token);
  const result = structuredClone(pod);
  applyPatch(result, [...operations]);

  const read = readSettings(annotations, daps.chart);
  const daprd = findDaprd(result);
  const container = injected ? findDaps(result) : undefined;
  const config = container && configOf(container);
  return {
    workload,
    injected,
    reason,
    daprd: daprd ? { native: daprd.native, simulated } : null,
    daps: config ? { native: result.spec.initContainers?.some(({ name }) => name === DAPS) ?? false, config } : null,
    settings: inForce(read, daps.chart),
    findings: findings(workload, annotations, reason, warnings),
    pod: result,
  };
}
