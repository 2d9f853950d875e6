/** Grace periods: raised for the work there is, and deletions that come in the midst of something. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "vitest";
import { READY_PATH, schedule, WORKER_PORT, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { FollowedLog } from "../support/logs.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 180_000;

const lab = await openSharedLab();

async function atWork(worker: WorkerDeployment, workMs: number): Promise<string> {
  await worker.publish(schedule({ messages: 1, perSecond: 1, workMs: { min: workMs, max: workMs }, seed: workMs }));
  const { pod } = await worker.ledger.until(({ unfinished: [begun] }) => begun, {
    what: "the message to be begun",
    timeoutMs: TIMEOUT_MS,
  });
  return pod;
}

describe.concurrent("work of 15 s, with a grace period of 6 s", () => {
  test.for(cases("grace-raised"))("$title", async ({ id, mode }, { expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(mode, id, { "min-grace-period": "45s" }),
      replicas: 1,
      gracePeriodSeconds: 6,
    });
    const pod = await atWork(worker, 15_000);
    expect(worker.pods.now.map(({ spec }) => spec?.terminationGracePeriodSeconds)).toEqual([45]);
    await worker.delete(pod, { timeoutMs: TIMEOUT_MS });
    await worker.finished(TIMEOUT_MS);
    await record(id, mode.id, { ...worker.account() });
    expect(worker.account()).toMatchObject({ published: 1, lost: 0, cutOff: 0, repeated: 0 });
    expect(worker.ledger.of("completed").map((event) => event.pod)).toEqual([pod]);
    await worker.remove();
  });

  test.for([{ native: false }, { native: true }])(
    "is cut off under Dapr alone, daprd native: $native",
    async ({ native }, { expect }) => {
      await using worker = await WorkerDeployment.deploy(lab, {
        namespace: `grace-alone-${native ? "nn" : "oo"}`,
        daps: false,
        native,
        replicas: 1,
        gracePeriodSeconds: 6,
      });
      const pod = await atWork(worker, 15_000);
      await worker.delete(pod, { timeoutMs: TIMEOUT_MS });
      await worker.finished(TIMEOUT_MS);
      await record("grace-raised", native ? "alone-native" : "alone", { ...worker.account() });
      expect(worker.account()).toMatchObject({ published: 1, cutOff: 1 });
      await worker.remove();
    },
  );
});

describe.concurrent("a second deletion changes nothing, as the kubelet waits for the hooks that it has called", () => {
  test.for(cases("grace-again"))("$title", async ({ id, mode }, { expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(mode, id),
      replicas: 1,
      gracePeriodSeconds: 90,
    });
    const pod = await atWork(worker, 15_000);
    const log = await FollowedLog.follow(lab, worker.names.namespace, pod, "daps");
    const gone = worker.delete(pod, { timeoutMs: TIMEOUT_MS });
    await log.until(() => log.line(/hook arrived/), { what: "the first hook", timeoutMs: TIMEOUT_MS });
    await Promise.all([gone, worker.delete(pod, { timeoutMs: TIMEOUT_MS, gracePeriodSeconds: 6 })]);
    await worker.finished(TIMEOUT_MS);
    await record(id, mode.id, { ...worker.account() });
    expect(worker.account()).toMatchObject({ published: 1, lost: 0, cutOff: 0, repeated: 0 });
    await log.until(() => log.line(/→ gone/), { what: "its last line", timeoutMs: 30_000 });
    expect(log.line(/let go before/)).toBeUndefined();
    await worker.remove();
  });
});

describe.concurrent("a drain goes on where the restart was", () => {
  test.for(cases("grace-restart"))("$title", async ({ id, mode }, { expect }) => {
    let alive = 200;
    const health = createServer((_, response) => response.writeHead(alive).end());
    await new Promise<void>((resolve) => health.listen(0, lab.host, resolve));
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(mode, id),
      replicas: 1,
      // The kubelet may have started the app again, and a process that has yet to begin does not hear its SIGTERM.
      gracePeriodSeconds: 25,
      env: { READY_ASKS: `http://${lab.host}:${(health.address() as AddressInfo).port}/` },
      spec({ containers: [app] }) {
        Object.assign(app ?? {}, {
          livenessProbe: { httpGet: { path: READY_PATH, port: WORKER_PORT }, periodSeconds: 1, failureThreshold: 1 },
        });
      },
    });
    const pod = await atWork(worker, 8000);
    const log = await FollowedLog.follow(lab, worker.names.namespace, pod, "daps");
    alive = 503;
    await log.until(() => log.line(/hook arrived/), { what: "the hook of the restart", timeoutMs: TIMEOUT_MS });
    alive = 200;
    await worker.delete(pod, { timeoutMs: TIMEOUT_MS });
    await worker.finished(TIMEOUT_MS);
    await record(id, mode.id, { ...worker.account() });
    expect(worker.account()).toMatchObject({ published: 1, lost: 0, cutOff: 0, repeated: 0 });
    await log.until(() => log.line(/→ gone/), { what: "its last line", timeoutMs: 30_000 });
    const hooks = log.lines.filter(({ fields }) => fields["msg"] === "hook arrived").map(({ fields }) =>
      fields["hook"]
    );
    expect(hooks[0]).toBe("app");
    expect(hooks).toContain("daps");
    await worker.remove();
    health.closeAllConnections();
    await new Promise((resolve) => health.close(resolve));
  });
});
