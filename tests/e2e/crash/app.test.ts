/**
 * The app's container ends in other ways than by a kill: for lack of memory, because its liveness fails, because of one
 * message. Each side runs without DAPS too, where it loses.
 */
import { describe, test } from "vitest";
import {
  type DeployOptions,
  type PodSpec,
  schedule,
  WORKER_PORT,
  WorkerDeployment,
} from "../../../scripts/lib/proof/index.ts";
import type { ScenarioId } from "../../../scripts/lib/matrix/scenarios.ts";
import { ask } from "../support/containers.ts";
import { crashUnderLoad } from "../support/crashes.ts";
import { openSharedLab } from "../support/lab.ts";
import { cases, record } from "../support/matrix.ts";
import { NATIVE, ORDINARY, withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 240_000;
const CRASHES = 3;
const EACH = 15;
const BLIND = "Dapr alone lost nothing: this test can't see the fault";

const lab = await openSharedLab();

const app = ({ containers }: PodSpec) => containers.find(({ name }) => name === "app")!;

const CASES: readonly {
  id: string;
  scenario: ScenarioId;
  what: string;
  path: string;
  spec: (spec: PodSpec) => void;
}[] = [
  {
    id: "oom",
    scenario: "app-oom",
    what: "is ended by the kernel for lack of memory",
    path: "/exhaust",
    spec: (spec) => Object.assign(app(spec), { resources: { limits: { memory: "192Mi" } } }),
  },
  {
    id: "live",
    scenario: "app-liveness",
    what: "is restarted by the kubelet because its liveness fails",
    path: "/sicken",
    spec: (spec) =>
      Object.assign(app(spec), {
        livenessProbe: { httpGet: { path: "/api/health", port: WORKER_PORT }, periodSeconds: 1, failureThreshold: 1 },
      }),
  },
];

async function account(side: DeployOptions, path: string) {
  await using worker = await WorkerDeployment.deploy(lab, { ...side, replicas: 2 });
  const kill = (pod: string) => ask(worker, pod, WORKER_PORT, path);
  await crashUnderLoad(worker, { times: CRASHES, each: EACH, seed: 200, kill });
  const result = worker.account();
  await worker.remove();
  return result;
}

describe.concurrent("an app", () => {
  test.for(CASES)("that $what loses nothing", async ({ id, scenario, path, spec }, { expect }) => {
    const modes = cases(scenario);
    const [alone, ...accounts] = await Promise.all([
      account({ namespace: `${id}-alone`, daps: false, spec }, path),
      ...modes.map(({ mode }) => account({ ...withDaps(mode, id), spec }, path)),
    ]);
    await record(scenario, "alone", { ...alone });
    for (const [index, { mode }] of modes.entries()) {
      await record(scenario, mode.id, { ...accounts[index] });
      expect(accounts[index]).toMatchObject({ published: CRASHES * EACH, lost: 0 });
    }
    expect(alone.lost, BLIND).toBeGreaterThan(0);
  });

  test("that one message kills each time is rid of it after three attempts, and does the others", async ({ expect }) => {
    const messages = schedule({ messages: 40, perSecond: 3, workMs: { min: 1000, max: 3000 }, seed: 300 })
      .map((message, index) => ({ ...message, poison: index === 10 }));
    const poison = messages[10]!.id;

    async function run(side: DeployOptions) {
      const dead = { topic: `${side.namespace}-dead`, queue: `${side.namespace}-dead` };
      await lab.broker.declare(dead.topic, dead.queue);
      await using worker = await WorkerDeployment.deploy(lab, { ...side, replicas: 1, deadLetterTopic: dead.topic });
      await worker.publish(messages);
      await worker.finished(TIMEOUT_MS);
      const { ready: deadLetters } = await lab.broker.depth(dead.queue);
      const attempts = worker.ledger.of("begun").filter(({ message }) => message === poison).length;
      const result = { deadLetters, attempts, lost: worker.lost() };
      await worker.remove();
      await lab.broker.remove(dead.topic, dead.queue);
      return result;
    }

    const [alone, daps, dapsNative] = await Promise.all([
      run({ namespace: "poison-alone", daps: false }),
      run(withDaps(ORDINARY, "poison")),
      run(withDaps(NATIVE, "poison")),
    ]);
    console.log(JSON.stringify({ poison: { alone, daps, dapsNative } }));
    expect(daps).toEqual({ deadLetters: 1, attempts: 3, lost: [poison] });
    expect(dapsNative).toEqual({ deadLetters: 1, attempts: 3, lost: [poison] });
    expect(alone.deadLetters, BLIND).toBeGreaterThan(1);
  });
});
