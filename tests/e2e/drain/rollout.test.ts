/**
 * Rolling restarts under load: with DAPS nothing is lost, cut off or done twice; without it, in the same run, it is.
 */
import { expect, test } from "vitest";
import { flawless, openLab, READY_PATH, schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { record } from "../support/matrix.ts";

const RESTARTS = 4;
const TIMEOUT_MS = 420_000;
const messages = schedule({ messages: 270, perSecond: 3, workMs: { min: 2000, max: 8000 }, seed: 20_261_123 });

const SIDES = [
  { namespace: "rollout-alone", native: false, daps: false },
  { namespace: "rollout-alone-native", native: true, daps: false },
  { namespace: "rollout-daps", native: false, daps: { "ready-path": READY_PATH } },
  { namespace: "rollout-daps-native", native: true, daps: { "ready-path": READY_PATH } },
] as const;

test("four rolling restarts of 2 replicas under messages of 2 to 8 s", async () => {
  await using lab = await openLab();
  const accounts = await Promise.all(SIDES.map(async (side) => {
    await using worker = await WorkerDeployment.deploy(lab, { ...side, replicas: 2 });
    const published = worker.publish(messages);
    for (let restart = 0; restart < RESTARTS; restart++) {
      await worker.restart();
      await worker.settled();
    }
    await published;
    await worker.finished(TIMEOUT_MS);
    await worker.remove();
    return worker.account();
  }));
  const [alone, aloneNative, daps, dapsNative] = accounts;
  console.log(JSON.stringify({ alone, aloneNative, daps, dapsNative }));
  // Beside what the lane `scale` records of the same set-up with DAPS.
  await record("rollout-2-10", "alone", { ...alone });
  await record("rollout-2-10", "alone-native", { ...aloneNative });

  expect({ daps, dapsNative }).toEqual({
    daps: { published: 270, lost: 0, cutOff: 0, repeated: 0, early: 0 },
    dapsNative: { published: 270, lost: 0, cutOff: 0, repeated: 0, early: 0 },
  });
  expect(alone && flawless(alone), "Dapr alone lost or repeated nothing: this test can't see the fault").toBe(false);
  expect(aloneNative && flawless(aloneNative), "native Dapr alone lost or repeated nothing").toBe(false);
}, TIMEOUT_MS);
