/**
 * The app's process is killed again and again, in the midst of its work: with DAPS nothing is lost, without it, in the
 * same run, it is (Dapr's RabbitMQ component discards by default what the app did not answer).
 */
import { expect, test } from "vitest";
import { type DeployOptions, type Lab, openLab, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { signal } from "../support/containers.ts";
import { crashUnderLoad } from "../support/crashes.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const CRASHES = 10;
const EACH = 15;

async function run(lab: Lab, side: DeployOptions) {
  await using worker = await WorkerDeployment.deploy(lab, { ...side, replicas: 2 });
  const kill = (_pod: string, container: string) => signal(lab, container, "SIGKILL");
  await crashUnderLoad(worker, { times: CRASHES, each: EACH, seed: 100, kill });
  const account = worker.account();
  await worker.remove();
  return account;
}

test("ten crashes of the app under load", async () => {
  await using lab = await openLab();
  const modes = cases("app-killed");
  const [alone, ...accounts] = await Promise.all([
    run(lab, { namespace: "kill-alone", daps: false }),
    ...modes.map(({ mode }) => run(lab, withDaps(mode, "kill"))),
  ]);
  await record("app-killed", "alone", { ...alone });
  for (const [index, { id, mode }] of modes.entries()) {
    await record(id, mode.id, { ...accounts[index] });
    expect(accounts[index]).toMatchObject({ published: CRASHES * EACH, lost: 0 });
  }
  expect(alone.lost, "Dapr alone lost nothing: this test can't see the fault").toBeGreaterThan(0);
});
