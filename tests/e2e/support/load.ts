/**
 * A worker under a steady load while something is done to it, and its account afterwards.
 * @module
 */
import process from "node:process";
import {
  type Account,
  containers,
  type DeployOptions,
  type Lab,
  schedule,
  WorkerDeployment,
} from "../../../scripts/lib/proof/index.ts";

export interface Load {
  readonly perSecond: number;
  readonly workMs: { readonly min: number; readonly max: number };
  readonly seed: number;
}

/** A load is published in parts of this length, the last of which ends after what is done. */
const PART_S = 5;

/** Publishes for as long as `act` takes. */
export async function loadDuring(worker: WorkerDeployment, load: Load, act: () => Promise<void>): Promise<void> {
  let acting = true;
  const done = act().finally(() => acting = false);
  // It is awaited only after the last part.
  done.catch(() => {});
  for (let part = 0; acting; part++) {
    const messages = Math.max(1, Math.round(load.perSecond * PART_S));
    await worker.publish(schedule({ ...load, messages, seed: load.seed + part }));
  }
  await done;
}

export interface UnderLoad {
  readonly options: DeployOptions;
  readonly load: Load;
  readonly act: (worker: WorkerDeployment) => Promise<void>;
  /** How long the queue may take to become empty afterwards, in ms. */
  readonly timeoutMs: number;
}

/** Deploys a worker, does something to it under load, waits until all is settled, and removes it. */
export async function underLoad(lab: Lab, { options, load, act, timeoutMs }: UnderLoad): Promise<Account & Drains> {
  await using worker = await WorkerDeployment.deploy(lab, options);
  await loadDuring(worker, load, () => act(worker));
  await worker.finished(timeoutMs);
  const result = { ...worker.account(), ...drains(worker) };
  await worker.remove();
  return result;
}

export interface Drains {
  /** Drains that ran out of time. */
  readonly forced: number;
}

/**
 * What the termination messages of DAPS say of the drains that are over; see also `tell`.
 */
export function drains(worker: WorkerDeployment): Drains {
  const forced = forcedPods(worker);
  for (const pod of forced) tell(worker, pod);
  return { forced: forced.length };
}

/** Puts into the test's log what is known of a pod's end, as the pod is gone. */
export function tell(worker: WorkerDeployment, pod: string): void {
  const states = worker.pods.changes.filter((change) => change.pod.metadata?.name === pod)
    .flatMap((change) => containers(change.pod));
  const ends = Object.fromEntries(states.map(({ name, state }) => [name, state]));
  const said = worker.ledger.events.filter((event) => event.pod === pod).map(({ kind }) => kind);
  process.stdout.write(`${JSON.stringify({ pod, said, ends })}\n`);
}

function forcedPods(worker: WorkerDeployment): string[] {
  const ends = new Map<string, string>();
  for (const { pod } of worker.pods.changes) {
    const message = containers(pod).find(({ name }) => name === "daps")?.state?.terminated?.message;
    if (message !== undefined) ends.set(pod.metadata?.name ?? "", message);
  }
  return [...ends].filter(([, message]) => message.includes("forced: yes")).map(([pod]) => pod);
}
