/**
 * The gate: nothing of Dapr reaches an app before it is ready, and its subscriptions are made when it is.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DeployOptions, READY_PATH, schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { FollowedLog } from "../support/logs.ts";

const STARTS_MS = 4000;
const TIMEOUT_MS = 120_000;
const message = schedule({ messages: 1, perSecond: 1, workMs: { min: 10, max: 10 }, seed: 7 });

/** Slow starters that make their subscription by the answer to Dapr's one question. */
const starter = (
  namespace: string,
  daps: DeployOptions["daps"],
  readinessProbe: boolean,
  env: Record<string, string> = { START_MS: String(STARTS_MS) },
): DeployOptions => ({ namespace, daps, readinessProbe, env, replicas: 1, subscribe: "programmatic", wait: false });

const APPS = {
  // However late Dapr asks on a busy machine, this one is not ready then.
  alone: starter("gate-alone", false, false, { START_MS: String(STARTS_MS), STARTS_AFTER_ASKED: "true" }),
  readyPath: starter("gate-ready-path", { "ready-path": READY_PATH }, false),
  probe: starter("gate-probe", {}, true),
  port: starter("gate-port", {}, false, { LISTEN_AFTER_MS: String(STARTS_MS) }),
  healthz: starter("gate-healthz", { "ready-timeout": "6s" }, true, {
    READY_ASKS: "http://127.0.0.1:3500/v1.0/healthz",
  }),
};

const lab = await openSharedLab();
let workers: Record<keyof typeof APPS, WorkerDeployment>;

beforeAll(async () => {
  const entries = Object.entries(APPS).map(async ([name, options]) =>
    [name, await WorkerDeployment.deploy(lab, options)] as const
  );
  workers = Object.fromEntries(await Promise.all(entries)) as typeof workers;
  await Promise.all(Object.values(workers).map((worker) => worker.publish(message)));
}, TIMEOUT_MS);

afterAll(async () => {
  await Promise.all(Object.values(workers).map((worker) => worker.remove()));
  await Promise.all(Object.values(workers).map((worker) => worker[Symbol.asyncDispose]()));
}, TIMEOUT_MS);

const ready = (worker: WorkerDeployment) =>
  worker.pods.until(({ ready: [pod] }) => pod, { what: "a Ready pod", timeoutMs: TIMEOUT_MS });
const completed = (worker: WorkerDeployment) =>
  worker.ledger.until((ledger) => ledger.of("completed").length > 0, {
    what: "the message to be processed",
    timeoutMs: TIMEOUT_MS,
  });
/** How the app answered Dapr's question for subscriptions, each time it was asked. */
const subscribeAnswers = (worker: WorkerDeployment) =>
  worker.ledger.of("asked").filter(({ path }) => path === "/dapr/subscribe").map(({ status }) => status);

describe("an app that listens at once and answers 503 for 4 s", () => {
  test("is Ready without DAPS, and its subscription is lost", async () => {
    await ready(workers.alone);
    // By then it has had all the time that the others needed.
    await Promise.all([completed(workers.readyPath), completed(workers.probe)]);
    expect(subscribeAnswers(workers.alone)).toEqual([503]);
    expect(workers.alone.ledger.of("early").length).toBeGreaterThan(0);
    expect(workers.alone.account()).toMatchObject({ published: 1, lost: 1 });
    expect(await lab.broker.depth(workers.alone.names.queue)).toMatchObject({ ready: 1, consumers: 0 });
  });

  test.each(["readyPath", "probe"] as const)("is asked by Dapr only once it is ready, with %s", async (name) => {
    const worker = workers[name];
    await completed(worker);
    await worker.finished();
    expect(worker.account()).toEqual({ published: 1, lost: 0, cutOff: 0, repeated: 0, early: 0 });
    expect(subscribeAnswers(worker)).toEqual([200]);
  });
});

test("an app without any readiness is asked once its port accepts", async () => {
  await completed(workers.port);
  expect(workers.port.account()).toEqual({ published: 1, lost: 0, cutOff: 0, repeated: 0, early: 0 });
  expect(subscribeAnswers(workers.port)).toEqual([200]);
});

test("an app whose readiness asks Dapr's healthz is let in after ready-timeout, with a warning", async () => {
  await completed(workers.healthz);
  const pod = await ready(workers.healthz);
  const log = await FollowedLog.follow(lab, "gate-healthz", pod.metadata?.name ?? "", "daps");
  const warning = await log.until((lines) => lines.find(({ fields }) => fields["level"] === "warn"), {
    what: "a warning",
    timeoutMs: TIMEOUT_MS,
  });
  expect(warning.fields).toMatchObject({
    msg: expect.stringContaining("before the app was ready"),
    reason: expect.stringContaining("ready-timeout"),
  });
});
