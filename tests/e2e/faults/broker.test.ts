/**
 * The broker is killed: in the midst of a drain, and for half a minute under load. Nobody can acknowledge a message over a
 * connection that is gone, so the broker delivers again what was unacknowledged then; nothing may be lost, and nothing
 * done again for another reason.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  type DeployOptions,
  schedule,
  unexplainedRepeats,
  WorkerDeployment,
} from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { type Case, cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 240_000;
const AWAY_MS = 30_000;
const messages = schedule({ messages: 40, perSecond: 50, workMs: { min: 2000, max: 6000 }, seed: 111 });

const lab = await openSharedLab();

const deploy = (options: DeployOptions) => WorkerDeployment.deploy(lab, { ...options, replicas: 2, prefetch: 5 });

/** Publishes a backlog, and gives the pods that have begun with it. */
async function backlog(worker: WorkerDeployment): Promise<string[]> {
  await worker.publish(messages);
  return await worker.ledger.until(({ unfinished }) => {
    const pods = [...new Set(unfinished.map(({ pod }) => pod))];
    return pods.length === 2 && pods;
  }, { what: "both pods to be at work", timeoutMs: TIMEOUT_MS });
}

/** Gives when the broker was back, in ms since 1970. */
async function brokerAway(ms: number): Promise<number> {
  await lab.cluster.stopBroker();
  await sleep(ms);
  await lab.cluster.startBroker();
  const backAt = Date.now();
  await lab.broker.reconnect();
  return backAt;
}

/**
 * More is done again than was in flight: a broker that is killed also gave work again that had been done some tenths of a
 * second before. So it is not counted but looked at.
 */
async function outcome({ id, mode }: Case, worker: WorkerDeployment, backAt: number): Promise<void> {
  await worker.finished(TIMEOUT_MS);
  const account = worker.account();
  await record(id, mode.id, { ...account });
  expect(account).toMatchObject({ published: messages.length, lost: 0, cutOff: 0, early: 0 });
  expect(unexplainedRepeats(worker.ledger.events, backAt)).toEqual([]);
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
    const backAt = await brokerAway(0);
    await gone;
    await outcome(each, worker, backAt);
  });

  test.for(cases("broker-gone"))("$title", async (each) => {
    await using worker = await deploy(withDaps(each.mode, each.id));
    await backlog(worker);
    const backAt = await brokerAway(AWAY_MS);
    await worker.settled();
    await outcome(each, worker, backAt);
  });
});
