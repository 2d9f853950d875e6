/**
 * One message of three minutes, on which a pod works when a rollout takes its place: far longer than daprd waits for by
 * itself, whatever its own grace is set to.
 */
import { describe, test } from "vitest";
import type { ScenarioId } from "../../../scripts/lib/matrix/scenarios.ts";
import { type Account, type DeployOptions, schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { type Drains, drains } from "../support/load.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const WORK_MS = 180_000;
const GRACE_S = 240;
const TIMEOUT_MS = 500_000;
const message = schedule({ messages: 1, perSecond: 1, workMs: { min: WORK_MS, max: WORK_MS }, seed: 180 });
const SECONDS: Readonly<Record<string, string>> = { "long-0": "0", "long-120": "120" };

const lab = await openSharedLab();

async function acrossRollout(options: DeployOptions): Promise<Account & Drains> {
  await using worker = await WorkerDeployment.deploy(lab, { ...options, replicas: 1, gracePeriodSeconds: GRACE_S });
  await worker.publish(message);
  await worker.ledger.until(({ unfinished: [begun] }) => begun, {
    what: "the message to be begun",
    timeoutMs: TIMEOUT_MS,
  });
  await worker.restart();
  await worker.rolledOut();
  await worker.finished(TIMEOUT_MS);
  await worker.pods.until(({ now }) => now.length === 1, { what: "the old pod to be gone", timeoutMs: TIMEOUT_MS });
  const result = { ...worker.account(), ...drains(worker) };
  await worker.remove();
  return result;
}

const grace = (id: ScenarioId): Pick<DeployOptions, "dapr"> =>
  SECONDS[id] === undefined ? {} : { dapr: { "graceful-shutdown-seconds": SECONDS[id] } };

describe.concurrent("long work", () => {
  test.for(cases("long-unset", "long-0", "long-120"))("$title", async ({ id, mode }, { expect }) => {
    const { forced, ...account } = await acrossRollout({ ...withDaps(mode, id), ...grace(id) });
    await record(id, mode.id, { ...account });
    expect({ ...account, forced }).toEqual({ published: 1, lost: 0, cutOff: 0, repeated: 0, early: 0, forced: 0 });
  });

  test("can be seen to fail without DAPS", async ({ expect }) => {
    const { forced: _, ...account } = await acrossRollout({ namespace: "long-alone", daps: false });
    await record("long-unset", "alone", { ...account });
    expect(account.lost + account.cutOff + account.repeated).toBeGreaterThan(0);
  });
}, TIMEOUT_MS);
