/**
 * The order at the end of a drain: the app's work, the app, daprd, DAPS; and what was parked goes back to the broker.
 */
import { describe, test } from "vitest";
import { schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { FollowedLog } from "../support/logs.ts";
import { MODES, withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 180_000;
/** daprd 1.18 at SIGTERM, and when it is told to exit at once. */
const DAPRD_ENDS = /Dapr is shutting down|[Ff]orc\w+ shutdown|Received signal/;

const lab = await openSharedLab();

const work = (messages: number, workMs: number, seed: number) =>
  schedule({ messages, perSecond: 20, workMs: { min: workMs, max: workMs }, seed });

describe.concurrent("the end of a drain", () => {
  const cases = MODES.flatMap((mode) => [{ mode, parked: false }, { mode, parked: true }]);
  test.for(cases)("$mode.title, deliveries parked: $parked", async ({ mode, parked }, { expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(mode, parked ? "order-parked" : "order"),
      replicas: parked ? 2 : 1,
    });
    await worker.publish(work(1, 6000, 1));
    const { pod } = await worker.ledger.until(({ unfinished: [begun] }) => begun, {
      what: "the message to be begun",
      timeoutMs: TIMEOUT_MS,
    });
    const { namespace } = worker.names;
    const [daps, daprd] = await Promise.all([
      FollowedLog.follow(lab, namespace, pod, "daps"),
      FollowedLog.follow(lab, namespace, pod, "daprd"),
    ]);
    const gone = worker.delete(pod, { timeoutMs: TIMEOUT_MS });
    if (parked) {
      await daps.until(() => daps.line(/→ draining/), { what: "the drain", timeoutMs: TIMEOUT_MS });
      // Half of them come to this pod, whose daprd is still a consumer.
      await worker.publish(work(10, 100, 2));
    }
    await gone;
    await worker.finished(TIMEOUT_MS);

    const { lost, cutOff, repeated } = worker.account();
    expect({ lost, cutOff, repeated }).toEqual({ lost: 0, cutOff: 0, repeated: 0 });
    // The last lines may come later than the news that the pod is gone.
    const lastLine = { what: "its last line", timeoutMs: 30_000 };
    const [end, daprdEnd] = await Promise.all([
      daps.until(() => daps.line(/→ gone/), lastLine),
      daprd.until(() => daprd.line(DAPRD_ENDS), lastLine),
    ]);
    const order = {
      "the work is done": worker.ledger.of("completed", pod).at(-1)?.at,
      "the app gets SIGTERM": worker.ledger.of("sigterm", pod)[0]?.at,
      "the app exits": worker.ledger.of("exit", pod)[0]?.at,
      "daprd ends": daprdEnd.at,
      "DAPS lets itself go": end.at,
    };
    expect(Object.entries(order).toSorted(([, a], [, b]) => Number(a) - Number(b))).toEqual(Object.entries(order));
    expect(Object.values(order)).not.toContain(undefined);
    if (parked) {
      expect(daps.lines.map(({ fields }) => Number(fields["parked"] ?? 0)).some((count) => count > 0)).toBe(true);
      expect(daps.line(/asked daprd to exit at once/)).toBeDefined();
    }
    await worker.remove();
  });
});
