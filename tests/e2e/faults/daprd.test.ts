/**
 * daprd is killed in the midst of the work of its pod: what it had from the broker goes back with its connection, and is
 * done once more; nothing is lost, and the pod serves again.
 */
import { describe, test } from "vitest";
import { containers, type WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { underLoad } from "../support/load.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const KILLS = 3;
const TIMEOUT_MS = 240_000;

const lab = await openSharedLab();

/** Kills daprd in a pod at work and waits until another one is ready. */
async function kill(worker: WorkerDeployment): Promise<void> {
  const status = (name: string) => {
    const pod = worker.pods.ready.find(({ metadata }) => metadata?.name === name);
    return pod && containers(pod).find((container) => container.name === "daprd");
  };
  const { pod } = await worker.ledger.until(({ unfinished }) => unfinished.find((begun) => status(begun.pod)?.ready), {
    what: "a message under way in a pod that is ready",
    timeoutMs: TIMEOUT_MS,
  });
  const { containerID = "", restartCount = 0 } = status(pod) ?? {};
  await lab.cluster.run("ctr", ["tasks", "kill", "--signal", "SIGKILL", containerID.replace("containerd://", "")]);
  await worker.pods.until(() => (status(pod)?.restartCount ?? 0) > restartCount && status(pod)?.ready, {
    what: `daprd of ${pod} to be back`,
    timeoutMs: TIMEOUT_MS,
  });
}

describe.concurrent("daprd", () => {
  test.for(cases("daprd-killed"))("$title", async ({ id, mode }, { expect }) => {
    const { forced: _, ...account } = await underLoad(lab, {
      options: { ...withDaps(mode, id), prefetch: 5 },
      load: { perSecond: 2, workMs: { min: 1000, max: 3000 }, seed: 121 },
      act: async (worker) => {
        for (let count = 0; count < KILLS; count++) await kill(worker);
      },
      timeoutMs: TIMEOUT_MS,
    });
    await record(id, mode.id, { ...account });
    expect(account).toMatchObject({ lost: 0, early: 0 });
  });
});
