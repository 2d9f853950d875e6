/** Crashes of a worker's app, in the midst of its work. @module */
import { schedule, type WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { podNamed, runningId } from "./containers.ts";

const TIMEOUT_MS = 240_000;
/** What a delivery may be attempted in all: DAPS's default. */
const ATTEMPTS = 3;

/** Ends the app's process in a pod; it may not be answered. */
export type Kill = (pod: string, container: string) => Promise<void>;

const lastInstance = (worker: WorkerDeployment, pod: string) => worker.ledger.of("started", pod).at(-1)?.instance;

/**
 * A pod whose app is at work, and whose container is not one of `ended`. A message at its last attempt protects its
 * process: one in flight in so many crashes is what DAPS takes for the cause of them, and gives up.
 */
function victim(worker: WorkerDeployment, ended: ReadonlySet<string>) {
  const { unfinished } = worker.ledger;
  const attempts = Map.groupBy(worker.ledger.of("begun"), ({ message }) => message);
  const current = unfinished.filter(({ pod, instance }) => lastInstance(worker, pod) === instance);
  const spared = new Set(
    current.filter(({ message }) => (attempts.get(message)?.length ?? 0) >= ATTEMPTS).map(({ pod }) => pod),
  );
  for (const { pod, instance } of current) {
    const container = runningId(podNamed(worker, pod), "app");
    if (container && !ended.has(container) && !spared.has(pod)) return { pod, instance, container };
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
  const ended = new Set<string>();
  for (let round = 0; round < times; round++) {
    const load = worker.publish(
      schedule({ messages: each, perSecond: 3, workMs: { min: 1000, max: 3000 }, seed: seed + round }),
    );
    const found = await worker.ledger.until(() => victim(worker, ended), {
      what: "a message under way",
      timeoutMs: TIMEOUT_MS,
    });
    ended.add(found.container);
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
