/**
 * The broker is killed: in the midst of a drain, and for half a minute under load. Nobody can acknowledge a message over a
 * connection that is gone, so the broker delivers again what was unacknowledged then; nothing may be lost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type DeployOptions, schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { type Case, cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 240_000;
const AWAY_MS = 30_000;
const messages = schedule({ messages: 40, perSecond: 50, workMs: { min: 2000, max: 6000 }, seed: 111 });

const lab = await openSharedLab();

const PREFETCH = 5;
const deploy = (options: DeployOptions) =>
  WorkerDeployment.deploy(lab, { ...options, replicas: 2, prefetch: PREFETCH });

/** Publishes a backlog, and gives the pods that have begun with it. */
async function backlog(worker: WorkerDeployment): Promise<string[]> {
  await worker.publish(messages);
  return await worker.ledger.until(({ unfinished }) => {
    const pods = [...new Set(unfinished.map(({ pod }) => pod))];
    return pods.length === 2 && pods;
  }, { what: "both pods to be at work", timeoutMs: TIMEOUT_MS });
}

async function brokerAway(ms: number): Promise<void> {
  await lab.cluster.stopBroker();
  await sleep(ms);
  await lab.cluster.startBroker();
  await lab.broker.reconnect();
}

/** What was unacknowledged when the broker went is at most the prefetch of each pod, that of a new one among them. */
async function outcome({ id, mode }: Case, worker: WorkerDeployment): Promise<void> {
  await worker.finished(TIMEOUT_MS);
  const account = worker.account();
  await record(id, mode.id, { ...account });
  expect(account).toMatchObject({ published: messages.length, lost: 0, cutOff: 0, early: 0 });
  const pods = new Set(worker.ledger.of("completed").map(({ pod }) => pod));
  expect(account.repeated).toBeLessThanOrEqual(PREFETCH * pods.size);
  await worker.remove();
}

describe("the broker", () => {
  test.for(cases("broker-restarted"))("$title", async (each) => {
    await using worker = await deploy(withDaps(each.mode, each.id));
    const [pod = ""] = await backlog(worker);
    const address = worker.pods.now.find(({ metadata }) => metadata?.name === pod)?.status?.podIP;
    const gone = worker.delete(pod, { timeoutMs: TIMEOUT_MS });
    await expect.poll(async () => {
      const answer = await fetch(`http://${address}:9697/status`);
      return (await answer.json() as { phase: string }).phase;
    }, { timeout: 10_000, interval: 50 }).toBe("draining");
    await brokerAway(0);
    await gone;
    await outcome(each, worker);
  });

  test.for(cases("broker-gone"))("$title", async (each) => {
    await using worker = await deploy(withDaps(each.mode, each.id));
    await backlog(worker);
    await brokerAway(AWAY_MS);
    await worker.settled();
    await outcome(each, worker);
  });
});
