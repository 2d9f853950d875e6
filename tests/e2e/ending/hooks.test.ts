/**
 * What users have on their pods already: preStop hooks of their own, postStart, probes, a StatefulSet's order.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type ExpectStatic, test } from "vitest";
import { containers, type PodSpec, schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { FollowedLog } from "../support/logs.ts";
import { type Case, cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 180_000;
const WORK_MS = 6000;
const FLAWLESS = { lost: 0, cutOff: 0, repeated: 0, early: 0 };

const lab = await openSharedLab();

const work = (messages: number, workMs: number) =>
  schedule({ messages, perSecond: 20, workMs: { min: workMs, max: workMs }, seed: workMs });

const withApp = (change: object) => ({ containers: [app] }: PodSpec) => void Object.assign(app ?? {}, change);

/** A process in the app's container, whose image holds nothing but Deno. */
const exec = (script: string) => ({ exec: { command: ["deno", "eval", script] } });
const pause = (ms: number) => exec(`await new Promise((resolve) => setTimeout(resolve, ${ms}))`);

/** @param published messages, each of which is to be done once */
async function expectFlawless({ id, mode }: Case, worker: WorkerDeployment, published: number, expect: ExpectStatic) {
  const account = { ...worker.account() };
  await record(id, mode.id, account);
  expect(account).toMatchObject({ published, ...FLAWLESS });
}

/** Deletes a pod that is at work on a message. */
async function deleteAtWork(worker: WorkerDeployment, workMs = WORK_MS) {
  await worker.publish(work(1, workMs));
  const { pod } = await worker.ledger.until(({ unfinished: [begun] }) => begun, {
    what: "the message to be begun",
    timeoutMs: TIMEOUT_MS,
  });
  const log = await FollowedLog.follow(lab, worker.names.namespace, pod, "daps");
  const deletedAt = Date.now();
  await worker.delete(pod, { timeoutMs: TIMEOUT_MS });
  await worker.finished(TIMEOUT_MS);
  // The last lines may come later than the news that the pod is gone.
  await log.until(() => log.line(/→ gone/), { what: "its last line", timeoutMs: 30_000 });
  const completed = worker.ledger.of("completed", pod)[0]?.at ?? Number.NaN;
  const sigterm = worker.ledger.of("sigterm", pod)[0]?.at ?? Number.NaN;
  return { pod, log, deletedAt, completed, sigterm };
}

describe.concurrent("a preStop of the user's own", () => {
  test.for(cases("hook-get"))("$title", async (each, { expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(each.mode, each.id),
      replicas: 1,
      spec: withApp({ lifecycle: { preStop: { httpGet: { path: "/bye?ms=500", port: 8080 } } } }),
    });
    const { log, completed, sigterm } = await deleteAtWork(worker);
    await expectFlawless(each, worker, 1, expect);
    const called = log.line(/carried out the user's own preStop/);
    expect(called?.fields).toMatchObject({ hook: "app", path: "/bye?ms=500", detail: "answered 200" });
    expect(called?.at).toBeGreaterThanOrEqual(completed + 500);
    expect(sigterm).toBeGreaterThanOrEqual(called?.at ?? Number.NaN);
    await worker.remove();
  });

  test.for(cases("hook-sleep"))("$title", async (each, { expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(each.mode, each.id),
      replicas: 1,
      spec: withApp({ lifecycle: { preStop: { sleep: { seconds: 4 } } } }),
    });
    const { log, completed, sigterm } = await deleteAtWork(worker);
    await expectFlawless(each, worker, 1, expect);
    expect(sigterm - completed).toBeGreaterThanOrEqual(4000);
    // In the hook's place, not beside the drain, and once: it is slept for after the work, and then SIGTERM follows.
    const slept = log.line(/carried out the user's own preStop/);
    expect(slept?.fields).toMatchObject({ hook: "app", kind: "sleep", detail: "slept 4s" });
    expect(slept?.at).toBeGreaterThanOrEqual(completed + 4000);
    expect(sigterm - (slept?.at ?? Number.NaN)).toBeLessThan(4000);
    await worker.remove();
  });

  test.for(cases("hook-exec"))("$title", async (each, { expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(each.mode, each.id),
      replicas: 1,
      spec: withApp({ lifecycle: { preStop: pause(2000) } }),
    });
    // The hook starts a process first, which takes seconds on a busy machine.
    const { pod, deletedAt, completed, sigterm } = await deleteAtWork(worker, 4 * WORK_MS);
    await expectFlawless(each, worker, 1, expect);
    expect(sigterm - deletedAt).toBeGreaterThanOrEqual(2000);
    expect(sigterm).toBeLessThan(completed);
    const [first] = worker.pods.changes.filter((change) => change.pod.metadata?.name === pod);
    expect(first?.pod.metadata?.annotations?.["daps.io/warnings"]).toMatch(/app keeps its own preStop \(exec\)/);
    await worker.remove();
  });
});

describe.concurrent("a pod with all that Kubernetes offers", () => {
  const shape = (port: number | string) => ({
    ports: [{ name: "web", containerPort: 8080 }],
    lifecycle: { postStart: pause(1000) },
    startupProbe: { tcpSocket: { port }, periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { httpGet: { path: "/api/busy", port }, periodSeconds: 1, timeoutSeconds: 2 },
    readinessProbe: { httpGet: { path: "/healthz", port }, periodSeconds: 1, timeoutSeconds: 2 },
  });

  test.for(cases("probes").map((each) => ({ ...each, port: each.mode.native ? "web" : 8080 })))(
    "$title, port $port",
    async ({ port, ...each }, { expect }) => {
      let status = 200;
      const health = createServer((_, response) => response.writeHead(status).end());
      await new Promise<void>((resolve) => health.listen(0, lab.host, resolve));
      await using worker = await WorkerDeployment.deploy(lab, {
        ...withDaps(each.mode, each.id),
        replicas: 1,
        env: { READY_ASKS: `http://${lab.host}:${(health.address() as AddressInfo).port}/` },
        spec: withApp(shape(port)),
      });
      const ready = (wanted: boolean) =>
        worker.pods.until(
          ({ now: [pod] }) => pod && containers(pod).find(({ name, ready }) => name === "app" && ready === wanted),
          {
            what: `the app to be ${wanted ? "" : "un"}ready`,
            timeoutMs: TIMEOUT_MS,
          },
        );
      await ready(true);
      status = 503;
      await ready(false);
      // Not ready for its Service, and at work for Dapr all the same.
      await worker.publish(work(3, 100));
      await worker.finished(TIMEOUT_MS);
      status = 200;
      await ready(true);
      await deleteAtWork(worker);
      await expectFlawless(each, worker, 4, expect);
      expect(worker.pods.changes.flatMap(({ pod }) => containers(pod)).filter(({ restartCount }) => restartCount > 0))
        .toEqual([]);
      await worker.remove();
      health.closeAllConnections();
      await new Promise((resolve) => health.close(resolve));
    },
  );
});

describe.concurrent("a StatefulSet", () => {
  test.for(cases("stateful-set"))("$title", async (each, { expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      ...withDaps(each.mode, each.id),
      kind: "StatefulSet",
      replicas: 3,
      prefetch: 1,
    });
    await worker.publish(work(3, WORK_MS));
    await worker.ledger.until(({ unfinished }) => unfinished.length === 3, {
      what: "each pod to be at work",
      timeoutMs: TIMEOUT_MS,
    });
    await worker.apply({ replicas: 1 });
    const [second, third] = ["worker-1", "worker-2"] as const;
    const thirdGone = await worker.pods.gone(third, TIMEOUT_MS);
    // More work, while a pod goes that could take it.
    await worker.publish(work(4, 500));
    await worker.pods.gone(second, TIMEOUT_MS);
    await worker.finished(TIMEOUT_MS);
    await expectFlawless(each, worker, 7, expect);
    for (const pod of [second, third]) {
      const { at: sigterm } = worker.ledger.of("sigterm", pod)[0] ?? {};
      expect(sigterm).toBeGreaterThanOrEqual(worker.ledger.of("completed", pod).at(-1)?.at ?? Number.NaN);
    }
    expect(worker.ledger.of("sigterm", second)[0]?.at).toBeGreaterThan(
      worker.ledger.of("exit", third)[0]?.at ?? Number.NaN,
    );
    const deleted = worker.pods.changes.find(({ pod }) =>
      pod.metadata?.name === second && pod.metadata.deletionTimestamp
    );
    expect(deleted?.at).toBeGreaterThanOrEqual(thirdGone - 1000);
    await worker.remove();
  });
});
