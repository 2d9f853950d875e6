/**
 * A subscription by a stream that the app opens: Dapr sends messages over it, past the app's port, so that DAPS neither
 * sees them nor can keep them back. Its busy endpoint says when there is work, and the drain waits for that: so the app
 * here, which has left its end to DAPS and exits on SIGTERM, is not cut off. (Of an app that does its work after SIGTERM
 * Dapr alone loses nothing either: daprd's gRPC server ends when its last stream does.)
 */
import { describe, test } from "vitest";
import { type Account, type DeployOptions, schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 180_000;
const messages = schedule({ messages: 4, perSecond: 50, workMs: { min: 8_000, max: 12_000 }, seed: 191 });

const lab = await openSharedLab();

async function deletedAtWork(options: DeployOptions): Promise<Account> {
  await using worker = await WorkerDeployment.deploy(lab, {
    ...options,
    subscribe: "streaming",
    replicas: 1,
    env: { ON_SIGTERM: "exit" },
  });
  await worker.publish(messages);
  const { pod } = await worker.ledger.until(
    ({ unfinished }) => unfinished.length === messages.length && unfinished[0],
    {
      what: "the messages to be under way",
      timeoutMs: TIMEOUT_MS,
    },
  );
  await worker.delete(pod, { timeoutMs: TIMEOUT_MS });
  await worker.finished(TIMEOUT_MS);
  const account = worker.account();
  await worker.remove();
  return account;
}

describe.concurrent("a streaming subscription", () => {
  test.for(cases("streaming"))("$title", async ({ id, mode }, { expect }) => {
    const account = await deletedAtWork(withDaps(mode, id));
    await record(id, mode.id, { ...account });
    expect(account).toEqual({ published: messages.length, lost: 0, cutOff: 0, repeated: 0, early: 0 });
  });

  test("can be seen to fail without DAPS", async ({ expect }) => {
    const account = await deletedAtWork({ namespace: "streaming-alone", daps: false });
    await record("streaming", "alone", { ...account });
    expect(account.lost + account.cutOff).toBeGreaterThan(0);
  });
});
