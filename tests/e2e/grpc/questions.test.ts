/**
 * An app that speaks gRPC and is not ready when its port accepts: it refuses what Dapr asks only once. With DAPS it has
 * its subscription all the same, and without it has not.
 */
import { expect, test } from "vitest";
import { openLab, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { FollowedLog } from "../support/logs.ts";

const TIMEOUT_MS = 120_000;

test("an app that answers Unavailable for 20 s after its port accepts", async () => {
  await using lab = await openLab();
  const deploy = (namespace: string, daps: Record<string, string> | false) =>
    WorkerDeployment.deploy(lab, {
      namespace,
      daps,
      grpc: true,
      subscribe: "programmatic",
      readinessProbe: false,
      env: { START_MS: "20000" },
      replicas: 1,
      wait: false,
    });
  await using alone = await deploy("questions-alone", false);
  await using daps = await deploy("questions-daps", {});
  await alone.rolledOut();
  const log = await FollowedLog.follow(lab, alone.names.namespace, alone.pods.ready[0]!.metadata!.name!, "daprd");
  await log.until(() => log.line(/error getting topic list from app/), {
    what: "Dapr to give up asking",
    timeoutMs: TIMEOUT_MS,
  });
  const ready = { what: "the app to be ready", timeoutMs: TIMEOUT_MS };
  await Promise.all([alone, daps].map(({ ledger }) => ledger.until(() => ledger.of("ready")[0], ready)));
  await daps.settled();
  const statuses = (worker: WorkerDeployment) => worker.ledger.of("asked").map(({ status }) => status);
  expect(statuses(daps).at(-1)).toBe(200);
  expect(statuses(daps).slice(0, -1).every((status) => status === 503)).toBe(true);
  expect(statuses(alone).every((status) => status === 503)).toBe(true);
  expect(await lab.broker.depth(alone.names.queue)).toMatchObject({ consumers: 0 });
  await Promise.all([alone.remove(), daps.remove()]);
}, TIMEOUT_MS * 2);
