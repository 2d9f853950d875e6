/**
 * What a drain does not need: the API server and, but for new pods, Dapr's certificate authority.
 */
import process from "node:process";
import { expect, test } from "vitest";
import { schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { underLoad } from "../support/load.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 240_000;
const WORK_MS = 15_000;

const lab = await openSharedLab();

/** The API server's process, which answers nobody while it is stopped. */
async function apiServer(): Promise<number> {
  const pid = (await lab.cluster.status()).find(({ name }) => name === "kube-apiserver")?.pid;
  if (pid === undefined) throw new Error("Cannot stop the API server as it is no process of this machine");
  return pid;
}

test.for(cases("apiserver-gone"))("$title", async ({ id, mode }) => {
  await using worker = await WorkerDeployment.deploy(lab, { ...withDaps(mode, id), replicas: 1 });
  const pid = await apiServer();
  await worker.publish(schedule({ messages: 3, perSecond: 50, workMs: { min: WORK_MS, max: WORK_MS }, seed: 131 }));
  const { pod } = await worker.ledger.until(({ unfinished }) => unfinished.length === 3 && unfinished[0], {
    what: "three messages under way",
    timeoutMs: TIMEOUT_MS,
  });
  const address = worker.pods.now.find(({ metadata }) => metadata?.name === pod)?.status?.podIP;
  const gone = worker.delete(pod, { timeoutMs: TIMEOUT_MS });
  const phase = async () => {
    const answer = await fetch(`http://${address}:9697/status`);
    return (await answer.json() as { phase: string }).phase;
  };
  await expect.poll(phase, { timeout: 10_000, interval: 50 }).toBe("draining");
  process.kill(pid, "SIGSTOP");
  try {
    await worker.ledger.until((ledger) => ledger.of("exit", pod).length > 0, {
      what: "the app to be stopped after its work, without the API server",
      timeoutMs: 60_000,
    });
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await gone;
  await worker.finished(TIMEOUT_MS);
  const account = worker.account();
  await record(id, mode.id, { ...account });
  expect(account).toEqual({ published: 3, lost: 0, cutOff: 0, repeated: 0, early: 0 });
  await worker.remove();
});

test.for(cases("sentry-restarted"))("$title", async ({ id, mode }) => {
  const sentry = ["deployment/dapr-sentry", "--namespace=dapr-system"];
  const { forced, ...account } = await underLoad(lab, {
    options: withDaps(mode, id),
    load: { perSecond: 2, workMs: { min: 1000, max: 4000 }, seed: 141 },
    act: async (worker) => {
      await lab.cluster.kubectl(["delete", "pods", "--namespace=dapr-system", "--selector=app=dapr-sentry", "--now"]);
      await worker.restart();
      await worker.settled();
      await lab.cluster.kubectl(["rollout", "status", ...sentry, "--timeout=120s"]);
    },
    timeoutMs: TIMEOUT_MS,
  });
  await record(id, mode.id, { ...account });
  expect({ ...account, forced }).toMatchObject({ lost: 0, cutOff: 0, repeated: 0, early: 0, forced: 0 });
});
