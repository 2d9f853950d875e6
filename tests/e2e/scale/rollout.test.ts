/**
 * Rolling restarts under load, for each number of replicas and each prefetch count. That Dapr alone loses messages in a
 * rollout, the lane `drain` shows in a run of its own.
 */
import { describe, test } from "vitest";
import { ROLLOUTS } from "../../../scripts/lib/matrix/rollouts.ts";
import { openSharedLab } from "../support/lab.ts";
import { underLoad } from "../support/load.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const RESTARTS = 2;
const TIMEOUT_MS = 300_000;

const lab = await openSharedLab();

describe.concurrent("rollout", () => {
  test.for(cases(...Object.keys(ROLLOUTS)))("$title", async ({ id, mode }, { expect }) => {
    const { replicas = 1, prefetch = 10, maxUnavailable = "0" } = ROLLOUTS[id] ?? {};
    const { forced, ...account } = await underLoad(lab, {
      options: { ...withDaps(mode, id), replicas, prefetch, maxUnavailable, timeoutMs: TIMEOUT_MS },
      // With a prefetch count of 1 a pod does two in three seconds.
      load: {
        perSecond: replicas * (prefetch === 1 ? 0.4 : 0.8),
        workMs: { min: 500, max: 2500 },
        seed: replicas * 100,
      },
      act: async (worker) => {
        for (let restart = 0; restart < RESTARTS; restart++) {
          await worker.restart();
          await worker.settled();
        }
      },
      timeoutMs: TIMEOUT_MS,
    });
    await record(id, mode.id, { ...account });
    expect({ ...account, forced }).toMatchObject({ lost: 0, cutOff: 0, repeated: 0, early: 0, forced: 0 });
  });
});
