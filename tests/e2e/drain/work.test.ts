/**
 * A drain waits for the work there is, however it shows, and for nothing else.
 */
import { describe, test } from "vitest";
import { schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { FollowedLog } from "../support/logs.ts";
import { cases, record } from "../support/matrix.ts";
import { NATIVE, ORDINARY, withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 180_000;
const FLAWLESS = { published: 1, lost: 0, cutOff: 0, repeated: 0 };

const lab = await openSharedLab();

const oneMessage = (workMs: number) =>
  schedule({ messages: 1, perSecond: 1, workMs: { min: workMs, max: workMs }, seed: workMs });

/** Publishes one message, deletes the pod that works on it, and waits for its end. */
async function deleteAtWork(worker: WorkerDeployment, workMs: number): Promise<{ pod: string; log: FollowedLog }> {
  await worker.publish(oneMessage(workMs));
  const { pod } = await worker.ledger.until(({ unfinished: [begun] }) => begun, {
    what: "the message to be begun",
    timeoutMs: TIMEOUT_MS,
  });
  const log = await FollowedLog.follow(lab, worker.names.namespace, pod, "daps");
  await worker.delete(pod, { timeoutMs: TIMEOUT_MS });
  return { pod, log };
}

describe.concurrent("a message in flight when its pod is deleted", () => {
  test.for([ORDINARY, NATIVE])(
    "of 45 s with a grace period of 90 s is finished and acknowledged once: $title",
    async (mode, { expect }) => {
      await using worker = await WorkerDeployment.deploy(lab, {
        ...withDaps(mode, "long"),
        replicas: 1,
        gracePeriodSeconds: 90,
      });
      const { pod } = await deleteAtWork(worker, 45_000);
      await worker.finished(TIMEOUT_MS);
      expect(worker.account()).toMatchObject(FLAWLESS);
      expect(worker.ledger.of("completed").map((event) => event.pod)).toEqual([pod]);
      await worker.remove();
    },
  );

  test("of 90 s holds a drain in which Dapr asks for the app's health, and other messages go on", async ({ expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(NATIVE, "health"),
      gracePeriodSeconds: 150,
      dapr: {
        "enable-app-health-check": "true",
        "app-health-check-path": "/healthz",
        // A probe that waits for its answer fails; one that a busy machine is late for does not.
        "app-health-probe-interval": "5",
        "app-health-probe-timeout": "4000",
        "app-health-threshold": "1",
      },
    });
    await worker.publish(oneMessage(90_000));
    const { pod } = await worker.ledger.until(({ unfinished: [begun] }) => begun, {
      what: "the long message to be begun",
      timeoutMs: TIMEOUT_MS,
    });
    const load = worker.publish(schedule({ messages: 120, perSecond: 2, workMs: { min: 100, max: 2000 }, seed: 90 }));
    await worker.delete(pod, { timeoutMs: TIMEOUT_MS });
    await load;
    await worker.finished(TIMEOUT_MS);
    expect(worker.account()).toMatchObject({ published: 121, lost: 0, cutOff: 0, repeated: 0 });
    await worker.remove();
  });

  test.for(["404", "html"])("is finished by an app whose busy endpoint answers %s", async (busy, { expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(ORDINARY, `busy-${busy}`),
      replicas: 1,
      env: { BUSY: busy },
    });
    const { log } = await deleteAtWork(worker, 8000);
    await worker.finished(TIMEOUT_MS);
    expect(worker.account()).toMatchObject(FLAWLESS);
    expect(log.line(/no busy endpoint/)?.fields).toMatchObject({ path: "/api/busy" });
    await worker.remove();
  });

  // The message is done; it is followed by 20 s in which the app says that it is busy, and these are waited for.
  test.for(cases("busy-only"))("$title", async ({ id, mode }, { expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(mode, "sticky"),
      replicas: 1,
      env: { BUSY: "sticky:20" },
    });
    await worker.publish(oneMessage(10));
    const { at, pod } = await worker.ledger.until((ledger) => ledger.of("completed")[0], {
      what: "the message to be processed",
      timeoutMs: TIMEOUT_MS,
    });
    await worker.delete(pod, { timeoutMs: TIMEOUT_MS });
    const sigterm = worker.ledger.of("sigterm", pod)[0];
    expect(sigterm?.at).toBeGreaterThanOrEqual(at + 20_000);
    // Not for the rest of the grace period either.
    expect(sigterm?.at).toBeLessThan(at + 40_000);
    await record(id, mode.id, { ...worker.account() });
    await worker.remove();
  });
});
