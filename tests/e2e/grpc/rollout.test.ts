/**
 * Rolling restarts of an app that speaks gRPC, under messages, an input binding's, jobs and calls at once: with DAPS
 * nothing is lost or cut off, no message is done twice, and no call that has reached a pod fails; without it, in the
 * same run, messages are lost or repeated.
 */
import { expect, test } from "vitest";
import { account, flawless, type Lab, openLab, schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { callUntil, daprOf, deployCaller, REACHABLE } from "../support/calls.ts";
import { record } from "../support/matrix.ts";
import { NATIVE, ORDINARY } from "../support/modes.ts";

const RESTARTS = 2;
const TIMEOUT_MS = 240_000;
const messages = schedule({ messages: 120, perSecond: 3, workMs: { min: 2000, max: 5000 }, seed: 4 });
const deposits = schedule({ messages: 40, perSecond: 1, workMs: { min: 1000, max: 3000 }, seed: 5 });
const JOBS = Array.from({ length: 20 }, (_, index) => ({ name: `job-${index}`, dueTime: `${2 * index + 1}s` }));

const SIDES = [
  // As an ordinary container, daprd alone loses so few (1 to 7 of 120) that a run might not see one.
  { namespace: "grpc-alone", native: true, daps: false },
  { namespace: `grpc-${ORDINARY.id}`, native: false, daps: ORDINARY.daps },
  { namespace: `grpc-${NATIVE.id}`, native: true, daps: NATIVE.daps },
] as const;

/** Dapr's component, whose queue outlives its consumers. */
function binding(namespace: string, host: string): object {
  const metadata = { host, queueName: `${namespace}-queue`, durable: "true", deleteWhenUnused: "false" };
  return {
    apiVersion: "dapr.io/v1alpha1",
    kind: "Component",
    metadata: { name: "queue", namespace },
    spec: {
      type: "bindings.rabbitmq",
      version: "v1",
      metadata: [
        ...Object.entries(metadata).map(([name, value]) => ({ name, value })),
        { name: "prefetchCount", value: "10" },
      ],
    },
  };
}

/** Has all of them due within the next minute. */
async function scheduleJobs(worker: WorkerDeployment): Promise<void> {
  for (const { name, dueTime } of JOBS) {
    const response = await fetch(`${daprOf(worker)}/v1.0-alpha1/jobs/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ dueTime }),
    });
    if (!response.ok) throw new Error(`Cannot schedule ${name}: received ${response.status} ${await response.text()}`);
  }
}

async function send(lab: Lab, worker: WorkerDeployment): Promise<void> {
  const start = performance.now();
  for (const { id, workMs, atMs } of deposits) {
    const wait = start + atMs - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    await lab.broker.send(`${worker.names.namespace}-queue`, { id, workMs });
  }
}

async function run(lab: Lab, caller: WorkerDeployment, side: typeof SIDES[number]) {
  await using worker = await WorkerDeployment.deploy(lab, {
    ...side,
    grpc: true,
    dapr: REACHABLE,
    subscribe: "programmatic",
    beside: [binding(side.namespace, lab.cluster.env.AMQP_URL)],
    env: { BINDING_ROUTE: "/queue", WORK_MS: "2000" },
    replicas: 2,
  });
  await scheduleJobs(worker);
  const restarted = (async () => {
    for (let restart = 0; restart < RESTARTS; restart++) {
      await worker.restart();
      await worker.settled();
    }
  })();
  const [calls] = await Promise.all([
    callUntil(restarted, caller, worker),
    restarted,
    worker.publish(messages),
    send(lab, worker),
  ]);
  const ids = [...deposits.map(({ id }) => id), ...JOBS.map(({ name }) => name)];
  await worker.ledger.until(({ events }) => !side.daps || account(ids, events).lost === 0, {
    what: "every deposit and job to be done",
    timeoutMs: TIMEOUT_MS,
  });
  await worker.finished(TIMEOUT_MS);
  await worker.remove();
  return {
    messages: worker.account(),
    deposits: worker.ledger.account(deposits.map(({ id }) => id)),
    jobs: worker.ledger.account(JOBS.map(({ name }) => name)),
    calls,
  };
}

test("two rolling restarts of 2 replicas", async () => {
  await using lab = await openLab();
  await using caller = await deployCaller(lab, "grpc-caller");
  const [alone, ordinary, native] = await Promise.all(SIDES.map((side) => run(lab, caller, side)));
  await caller.remove();
  console.log(JSON.stringify({ alone, ordinary, native }));
  await record("grpc", "alone", { ...alone?.messages });
  await record("grpc", ORDINARY.id, { ...ordinary?.messages });
  await record("grpc", NATIVE.id, { ...native?.messages });
  for (const side of [ordinary, native]) {
    const none = { lost: 0, cutOff: 0, repeated: 0 };
    expect(side).toMatchObject({
      messages: { published: 120, ...none },
      deposits: { published: 40, ...none },
      // Dapr's scheduler triggers some again after a sidecar has gone, done or not: more of them without DAPS.
      jobs: { published: 20, lost: 0, cutOff: 0 },
    });
    expect(side?.calls.failed).toEqual([]);
  }
  expect(alone && flawless(alone.messages), "Dapr alone lost or repeated nothing: this test can't see the fault")
    .toBe(false);
}, TIMEOUT_MS * 2);
