/**
 * Another app calls the worker by Dapr's service invocation, steadily, while it is restarted. No call fails that has
 * reached a pod's Dapr, no drain is forced for the calls' sake, and fewer calls fail than with Dapr alone, in the same run.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DeployOptions, type Lab, openLab, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { callUntil, deployCaller } from "../support/calls.ts";
import { drains } from "../support/load.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const CALLERS = 8;
const RESTARTS = 3;
const TIMEOUT_MS = 240_000;

/** The caller's sidecar knows an address for longer than the pod has it: no app, and no DAPS, was asked. */
const GONE = /Error while dialing: dial tcp [\d.]+:50002/;

let lab: Lab;
let caller: WorkerDeployment;
beforeAll(async () => {
  lab = await openLab();
  caller = await deployCaller(lab, "invocation-caller");
});
afterAll(async () => {
  await caller.remove();
  await caller[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

interface Called {
  readonly calls: number;
  readonly failed: number;
  /** What the failed calls say that came to a sidecar. */
  readonly reached: readonly string[];
  readonly forced: number;
}

async function called(options: DeployOptions): Promise<Called> {
  await using worker = await WorkerDeployment.deploy(lab, { ...options, replicas: 2, subscribe: "none" });
  const restarted = (async () => {
    for (let restart = 0; restart < RESTARTS; restart++) {
      await worker.restart();
      await worker.rolledOut();
      await worker.pods.until(({ now }) => now.length === 2, { what: "the old pods to go", timeoutMs: TIMEOUT_MS });
    }
  })();
  const all = await Promise.all(Array.from({ length: CALLERS }, () => callUntil(restarted, caller, worker)));
  await restarted;
  const failed = all.flatMap((calls) => calls.failed);
  const result = {
    calls: all.reduce((sum, { made }) => sum + made, 0),
    failed: failed.length,
    reached: failed.filter((text) => !GONE.test(text)),
    ...drains(worker),
  };
  await worker.remove();
  return result;
}

test("calls in rolling restarts", async () => {
  const modes = cases("invocation");
  const [alone, aloneNative, ...daps] = await Promise.all([
    called({ namespace: "invocation-alone", daps: false }),
    called({ namespace: "invocation-alone-native", native: true, daps: false }),
    ...modes.map(({ id, mode }) => called(withDaps(mode, id))),
  ]);
  console.log(JSON.stringify({ alone, aloneNative, daps }));
  const figures = ({ calls, failed, reached }: Called) => ({ calls, failed, "in a pod": reached.length });
  await record("invocation", "alone", figures(alone));
  await record("invocation", "alone-native", figures(aloneNative));
  for (const [index, { id, mode }] of modes.entries()) {
    const result = daps[index];
    if (result === undefined) throw new Error(`Cannot tell what came of ${mode.title}`);
    await record(id, mode.id, figures(result));
    const other = mode.native ? aloneNative : alone;
    expect(result).toMatchObject({ reached: [], forced: 0 });
    expect(other.failed, "Dapr alone failed no call: this test can't see the fault").toBeGreaterThan(0);
    expect(result.failed / result.calls).toBeLessThan(other.failed / other.calls);
  }
});
