/** Calls of another app, through Dapr, for as long as a test likes. @module */
import { setTimeout as sleep } from "node:timers/promises";
import { type Lab, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";

const EVERY_MS = 250;
/**
 * Calls that come at least so often are steady. DAPS waits until none has come for 5 s, and they go to one of two pods by
 * chance: rarer ones may leave one of the two alone for so long, and then find the address of a pod that is gone.
 */
const STEADY_MS = 1000;
/** How long daprd keeps an address, and then dials it in vain (Dapr 1.18, `pkg/messaging`). */
const REMEMBERED_MS = 40_000;
/** What daprd says of a call that has not left it. */
const NO_ADDRESS = /failed to resolve address/;
const NO_CONNECTION = /Error while dialing: dial tcp (?!127\.)/;
const DAPR_PORT = 3500;

/** Makes daprd's API answer the tests, which are in no pod. */
export const REACHABLE = { "sidecar-listen-addresses": "0.0.0.0" } as const;

/** daprd's API in a pod that is Ready. */
export function daprOf(worker: WorkerDeployment): string {
  const address = worker.pods.ready[0]?.status?.podIP;
  if (!address) throw new Error(`Cannot reach Dapr in ${worker.names.namespace}: ${worker.pods.seen()}`);
  return `http://${address}:${DAPR_PORT}`;
}

/** An app that only calls others. */
export async function deployCaller(lab: Lab, namespace: string): Promise<WorkerDeployment> {
  return await WorkerDeployment.deploy(lab, {
    namespace,
    app: "caller",
    daps: false,
    dapr: REACHABLE,
    subscribe: "none",
    replicas: 1,
  });
}

export interface Calls {
  readonly made: number;
  /** The statuses, or errors, of those that did not succeed. */
  readonly failed: string[];
  /**
   * The same of those that say nothing of the app's end: no address was found, or the caller was held up itself, so that
   * its calls were not steady, and found one that is gone.
   */
  readonly unsteady: string[];
}

/** Calls another app until `end` is settled, one call after the other. */
export async function callUntil(
  end: Promise<unknown>,
  caller: WorkerDeployment,
  { names }: WorkerDeployment,
): Promise<Calls> {
  const url = `${daprOf(caller)}/v1.0/invoke/${names.app}.${names.namespace}/method/call?ms=100`;
  const calls = { made: 0, failed: [] as string[], unsteady: [] as string[] };
  let begunAt = performance.now();
  let heldUpAt = -Infinity;
  let goOn = true;
  const stop = () => {
    goOn = false;
  };
  end.then(stop, stop);
  while (goOn) {
    calls.made++;
    const now = performance.now();
    if (now - begunAt > STEADY_MS) heldUpAt = now;
    begunAt = now;
    const response = await fetch(url, { method: "POST", body: "{}" });
    const text = await response.text();
    if (!response.ok) {
      const foundGone = NO_CONNECTION.test(text) && now - heldUpAt < REMEMBERED_MS;
      const failures = NO_ADDRESS.test(text) || foundGone ? calls.unsteady : calls.failed;
      failures.push(`${response.status} ${text}`);
    }
    await sleep(EVERY_MS);
  }
  return calls;
}
