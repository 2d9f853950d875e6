/** Crashes of a worker's app, in the midst of its work. @module */
import { schedule, type WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { podNamed, runningId } from "./containers.ts";

const TIMEOUT_MS = 240_000;
/** What a delivery may be attempted in all: DAPS's default. */
const ATTEMPTS = 3;

/** Ends the app's process in a pod; it may not be answered. */
export type Kill = (pod: string, container: string) => Promise<void>;

const lastInstance = (worker: WorkerDeployment, pod: string) => worker.ledger.of("started", pod).at(-1)?.instance;

/** A kill, and in which round of the load. */
type Killed = { readonly pod: string; readonly container: string; readonly round: number };

/**
 * A pod whose app is at work, in a container that is not killed yet. A message that may be at its last attempt protects
 * its process: one in flight in so many crashes is what DAPS takes for the cause of them, and gives up. The ledger can't
 * tell how many attempts there were, as a process may be killed before it reports one; but there were no more than kills
 * of the pod since the message was published.
 *
 * @param roundOf in which round a message was published
 */
function victim(worker: WorkerDeployment, killed: readonly Killed[], roundOf: (message: string) => number) {
  const current = worker.ledger.unfinished.filter(({ pod, instance }) => lastInstance(worker, pod) === instance);
  const spared = new Set(
    current.filter(({ pod, message }) =>
      killed.filter((kill) => kill.pod === pod && kill.round >= roundOf(message)).length >= ATTEMPTS - 1
    ).map(({ pod }) => pod),
  );
  for (const { pod, instance } of current) {
    const container = runningId(podNamed(worker, pod), "app");
    if (!container || spared.has(pod) || killed.some((kill) => kill.container === container)) continue;
    return { pod, instance, container };
  }
  return undefined;
}

/**
 * Ends the app so often, each time in the midst of its work and under load that goes on, and waits until all that was
 * published is dealt with.
 */
export async function crashUnderLoad(
  worker: WorkerDeployment,
  { times, each, seed, kill }: { times: number; each: number; seed: number; kill: Kill },
): Promise<void> {
  const killed: Killed[] = [];
  // Ids begin with the seed that they were made from.
  const roundOf = (message: string) => Number.parseInt(message) - seed;
  for (let round = 0; round < times; round++) {
    const load = worker.publish(
      schedule({ messages: each, perSecond: 3, workMs: { min: 1000, max: 3000 }, seed: seed + round }),
    );
    const found = await worker.ledger.until(() => victim(worker, killed, roundOf), {
      what: "a message under way",
      timeoutMs: TIMEOUT_MS,
    });
    killed.push({ ...found, round });
    await kill(found.pod, found.container);
    await worker.ledger.until(
      (ledger) => {
        const next = lastInstance(worker, found.pod);
        return next !== found.instance && ledger.of("ready", found.pod).some(({ instance }) => instance === next);
      },
      { what: `${found.pod} to be ready again`, timeoutMs: TIMEOUT_MS },
    );
    await load;
  }
  await worker.finished(TIMEOUT_MS);
}
