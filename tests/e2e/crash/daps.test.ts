/**
 * DAPS itself ends, alone, in the midst of the work of its pod. Where it is told before, it makes daprd give back to the
 * broker what it holds, and nothing is lost. A SIGKILL tells nobody: daprd's connections break, which Dapr's RabbitMQ
 * component takes for a refusal and, by default, discards what they carried.
 */
import { describe, test } from "vitest";
import { schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { podNamed, replaced, runningId, signal } from "../support/containers.ts";
import { openSharedLab } from "../support/lab.ts";
import { cases, record } from "../support/matrix.ts";
import { type Mode, withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 240_000;
const ENDS = 5;
const EACH = 18;
const ADMIN_PORT = 9697;

const lab = await openSharedLab();

type End = (worker: WorkerDeployment, pod: string, id: string) => Promise<void>;

const terminate: End = (_worker, _pod, id) => signal(lab, id, "SIGTERM");
const kill: End = (_worker, _pod, id) => signal(lab, id, "SIGKILL");

/** As the kubelet does when DAPS's liveness fails: its preStop, and no other; then SIGTERM. */
const stop: End = async (worker, name, id) => {
  const pod = podNamed(worker, name);
  const all = [...pod?.spec?.initContainers ?? [], ...pod?.spec?.containers ?? []];
  const hook = all.find(({ name }) => name === "daps")?.lifecycle?.preStop?.httpGet;
  const headers = Object.fromEntries(hook?.httpHeaders?.map(({ name, value }) => [name, value]) ?? []);
  const response = await fetch(`http://${pod?.status?.podIP}:${ADMIN_PORT}${hook?.path}`, { headers });
  await response.body?.cancel();
  await signal(lab, id, "SIGTERM");
};

async function run(test: string, mode: Mode, end: End, metadata: Readonly<Record<string, string>> = {}) {
  const replicas = 2;
  await using worker = await WorkerDeployment.deploy(lab, { ...withDaps(mode, test), replicas, metadata });
  // From the end's beginning until DAPS may go.
  let longestMs = 0;
  for (let round = 0; round < ENDS; round++) {
    const load = worker.publish(
      schedule({ messages: EACH, perSecond: 3, workMs: { min: 1000, max: 3000 }, seed: 400 + round }),
    );
    const { pod, id } = await worker.ledger.until(({ unfinished }) => {
      for (const { pod } of unfinished) {
        const id = runningId(podNamed(worker, pod), "daps");
        if (id) return { pod, id };
      }
      return undefined;
    }, { what: "a message under way", timeoutMs: TIMEOUT_MS });
    const start = Date.now();
    await end(worker, pod, id);
    longestMs = Math.max(longestMs, Date.now() - start);
    await replaced(worker, pod, "daps", id);
    await lab.broker.consumers(worker.names.queue, (count) => count >= replicas, {
      what: `${replicas} pods to subscribe again`,
      timeoutMs: TIMEOUT_MS,
    });
    await load;
  }
  await worker.finished(TIMEOUT_MS);
  const account = worker.account();
  await worker.remove();
  console.log(JSON.stringify({ [test]: { ...account, longestMs } }));
  return account;
}

const NOTHING_LOST = { published: ENDS * EACH, lost: 0 };

describe.concurrent("DAPS ended five times under load", () => {
  test.for(cases("daps-term"))("$title", async ({ id, mode }, { expect }) => {
    const account = await run("daps-term", mode, terminate);
    await record(id, mode.id, { ...account });
    expect(account).toMatchObject(NOTHING_LOST);
  });

  // How long it takes is the machine's business here, and printed; tests/unit/phases holds DAPS to its part of it.
  test.for(cases("daps-stop"))("$title", async ({ id, mode }, { expect }) => {
    const account = await run("daps-stop", mode, stop);
    await record(id, mode.id, { ...account });
    expect(account).toMatchObject(NOTHING_LOST);
  });

  // It loses what it carried by Dapr's default, and nothing where failures are requeued.
  test.for(cases("daps-kill"))("$title", async ({ id, mode }, { expect }) => {
    const [discarded, requeued] = await Promise.all([
      run("daps-kill", mode, kill),
      run("daps-kill-requeue", mode, kill, { requeueInFailure: "true" }),
    ]);
    await record(id, mode.id, { ...requeued, "lost by default": discarded.lost });
    expect(discarded.lost, "a SIGKILL lost nothing: what is said about it is not true any more").toBeGreaterThan(0);
    expect(requeued).toMatchObject(NOTHING_LOST);
  });
});
