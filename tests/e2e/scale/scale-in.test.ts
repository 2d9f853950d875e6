/**
 * Four of five replicas are taken away at once, in the midst of their work: without DAPS messages are lost or done
 * twice, with it none is.
 */
import { describe, test } from "vitest";
import { type DeployOptions, flawless } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { underLoad } from "../support/load.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const REPLICAS = 5;
const TIMEOUT_MS = 300_000;
const ALONE = [{ side: "alone", native: false }, { side: "alone-native", native: true }] as const;

const lab = await openSharedLab();

const scaledIn = (options: DeployOptions) =>
  underLoad(lab, {
    options: { ...options, replicas: REPLICAS },
    load: { perSecond: 2, workMs: { min: 2000, max: 8000 }, seed: 51 },
    act: async (worker) => {
      const each = worker.pods.ready.map(({ metadata }) => metadata?.name ?? "");
      await worker.ledger.until(({ unfinished }) => each.every((name) => unfinished.some(({ pod }) => pod === name)), {
        what: "each pod to have a message under way",
        timeoutMs: TIMEOUT_MS,
      });
      await worker.scale(1);
      const left = { what: "four pods to be gone", timeoutMs: TIMEOUT_MS };
      await worker.pods.until(({ now }) => now.length === 1, left);
    },
    timeoutMs: TIMEOUT_MS,
  });

describe.concurrent("scale-in", () => {
  test.for(cases("scale-in"))("$title", async ({ id, mode }, { expect }) => {
    const { forced, ...account } = await scaledIn(withDaps(mode, id));
    await record(id, mode.id, { ...account });
    expect({ ...account, forced }).toMatchObject({ lost: 0, cutOff: 0, repeated: 0, early: 0, forced: 0 });
  });

  test.for(ALONE)("can be seen to fail without DAPS: $side", async ({ side, native }, { expect }) => {
    const { forced: _, ...account } = await scaledIn({ namespace: `scale-in-${side}`, native, daps: false });
    await record("scale-in", side, { ...account });
    expect(flawless(account), "Dapr alone lost or repeated nothing: this test can't see the fault").toBe(false);
  });
});
