/**
 * The app's process crashes again and again, in the midst of its work: with DAPS nothing is lost, without it, in the
 * same run, it is (Dapr's RabbitMQ component discards by default what the app did not answer).
 */
import { expect, test } from "vitest";
import {
  type DeployOptions,
  type Lab,
  openLab,
  READY_PATH,
  schedule,
  WORKER_PORT,
  WorkerDeployment,
} from "../../../scripts/lib/proof/index.ts";
import { NATIVE, withDaps } from "../support/modes.ts";

const CRASHES = 10;
const TIMEOUT_MS = 300_000;
const messages = schedule({ messages: 150, perSecond: 3, workMs: { min: 1000, max: 3000 }, seed: 4 });

const SIDES: readonly DeployOptions[] = [
  { namespace: "crash-alone", daps: false },
  { namespace: "crash-daps", daps: { "ready-path": READY_PATH } },
  withDaps(NATIVE, "crash-daps"),
];

/** Ends the process of a pod that works on a message, and waits until its successor works. */
async function crash(worker: WorkerDeployment): Promise<void> {
  const { pod, instance } = await worker.ledger.until(
    ({ unfinished }) => unfinished.find((begun) => lastInstance(worker, begun.pod) === begun.instance),
    { what: "a message under way", timeoutMs: TIMEOUT_MS },
  );
  const address = worker.pods.now.find(({ metadata }) => metadata?.name === pod)?.status?.podIP;
  // Its answer is the end of the connection.
  await fetch(`http://${address}:${WORKER_PORT}/crash`).then(() => {
    throw new Error(`Cannot crash ${pod}: it answered`);
  }, () => {});
  await worker.ledger.until(
    (ledger) => ledger.of("ready", pod).some((event) => event.instance !== instance && isNewest(worker, event)),
    {
      what: `${pod} to be ready again`,
      timeoutMs: TIMEOUT_MS,
    },
  );
}

const lastInstance = (worker: WorkerDeployment, pod: string) => worker.ledger.of("started", pod).at(-1)?.instance;
const isNewest = (worker: WorkerDeployment, event: { pod: string; instance: string }) =>
  lastInstance(worker, event.pod) === event.instance;

async function run(lab: Lab, side: DeployOptions) {
  await using worker = await WorkerDeployment.deploy(lab, { ...side, replicas: 2 });
  const published = worker.publish(messages);
  for (let count = 0; count < CRASHES; count++) await crash(worker);
  await published;
  await worker.finished(TIMEOUT_MS);
  await worker.remove();
  return worker.account();
}

test("ten crashes of the app under load", async () => {
  await using lab = await openLab();
  const [alone, daps, dapsNative] = await Promise.all(SIDES.map((side) => run(lab, side)));
  console.log(JSON.stringify({ alone, daps, dapsNative }));
  expect(daps).toMatchObject({ published: 150, lost: 0 });
  expect(dapsNative).toMatchObject({ published: 150, lost: 0 });
  expect(alone?.lost, "Dapr alone lost nothing: this test can't see the fault").toBeGreaterThan(0);
}, TIMEOUT_MS * 2);
