/**
 * A drain of 90 s under load, with Dapr's app health checks on and an app that says meanwhile that it is ill: Dapr would
 * drop its subscriptions and discard what it has buffered, if DAPS did not answer in the app's place. By HTTP and gRPC.
 */
import { expect, test } from "vitest";
import {
  flawless,
  type Lab,
  type Message,
  openLab,
  READY_PATH,
  schedule,
  WorkerDeployment,
} from "../../../scripts/lib/proof/index.ts";
import { FollowedLog } from "../support/logs.ts";

const DRAIN_MS = 90_000;
const TIMEOUT_MS = 360_000;
const long: Message = { id: "long", workMs: DRAIN_MS, atMs: 0, ill: true };
const load = schedule({ messages: 100, perSecond: 1, workMs: { min: 1000, max: 2000 }, seed: 6 });

const SIDES = [
  { namespace: "health-http-alone", grpc: false, daps: false },
  { namespace: "health-http-daps", grpc: false, daps: { "ready-path": READY_PATH } },
  { namespace: "health-grpc-alone", grpc: true, daps: false },
  { namespace: "health-grpc-daps", grpc: true, daps: {} },
] as const;

async function run(lab: Lab, side: typeof SIDES[number]) {
  await using worker = await WorkerDeployment.deploy(lab, {
    ...side,
    dapr: {
      "enable-app-health-check": "true",
      "app-health-check-path": "/api/health",
      // In ms. An app that is late on a busy machine is not what this is about, and ill by Dapr's default of 500.
      "app-health-probe-timeout": "4000",
    },
    gracePeriodSeconds: 180,
    replicas: 2,
  });
  await worker.publish([long]);
  const { pod } = await worker.ledger.until(({ unfinished }) => unfinished[0], {
    what: "the long work to begin",
    timeoutMs: TIMEOUT_MS,
  });
  const daprd = await FollowedLog.follow(lab, worker.names.namespace, pod, "daprd");
  const daps = side.daps ? await FollowedLog.follow(lab, worker.names.namespace, pod, "daps") : undefined;
  const [, goneAfterMs] = await Promise.all([worker.publish(load), worker.delete(pod, { timeoutMs: TIMEOUT_MS })]);
  await worker.finished(TIMEOUT_MS);
  await worker.remove();
  // What DAPS said goes with the pod.
  for (const { text } of daps?.lines ?? []) console.log(text);
  return { ...worker.account(), goneAfterMs, fellIll: daprd.line(/App entered un-healthy status/) !== undefined };
}

test("a drain of 90 s under load, of an app that says that it is ill", async () => {
  await using lab = await openLab();
  const [httpAlone, httpDaps, grpcAlone, grpcDaps] = await Promise.all(SIDES.map((side) => run(lab, side)));
  console.log(JSON.stringify({ httpAlone, httpDaps, grpcAlone, grpcDaps }));
  for (const side of [httpDaps, grpcDaps]) {
    expect(side).toMatchObject({ published: 101, lost: 0, cutOff: 0, repeated: 0, fellIll: false });
    expect(side?.goneAfterMs).toBeGreaterThan(DRAIN_MS * 0.9);
  }
  for (const side of [httpAlone, grpcAlone]) {
    expect(side && flawless(side), "Dapr alone lost or repeated nothing: this test can't see the fault").toBe(false);
  }
}, TIMEOUT_MS);
