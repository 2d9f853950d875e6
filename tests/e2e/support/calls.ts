/** Calls of another app, through Dapr, for as long as a test likes. @module */
import { setTimeout as sleep } from "node:timers/promises";
import { type Lab, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";

const EVERY_MS = 250;
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
}

/** Calls another app until `end` is settled, one call after the other. */
export async function callUntil(
  end: Promise<unknown>,
  caller: WorkerDeployment,
  { names }: WorkerDeployment,
): Promise<Calls> {
  const url = `${daprOf(caller)}/v1.0/invoke/${names.app}.${names.namespace}/method/call?ms=100`;
  const calls = { made: 0, failed: [] as string[] };
  let goOn = true;
  const stop = () => {
    goOn = false;
  };
  end.then(stop, stop);
  while (goOn) {
    calls.made++;
    const response = await fetch(url, { method: "POST", body: "{}" });
    const text = await response.text();
    if (!response.ok) calls.failed.push(`${response.status} ${text}`);
    await sleep(EVERY_MS);
  }
  return calls;
}
