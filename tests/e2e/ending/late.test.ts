/**
 * An app that closes its port at SIGTERM and then still publishes and saves through Dapr, for ten seconds: daprd is
 * there until the app is gone. Under Dapr alone it is not.
 */
import { describe, test } from "vitest";
import { openSharedLab } from "../support/lab.ts";
import { FollowedLog } from "../support/logs.ts";
import { record } from "../support/matrix.ts";
import { MIXED, type Mode, NATIVE, ORDINARY } from "../support/modes.ts";
import type { Said } from "./support/app.ts";
import { APP, GRACE_SECONDS, Scene, type TemplateOptions } from "./support/scene.ts";

const TIMEOUT_MS = 180_000;
const CALLS = 20;
const DONE = "204";
/** From the app's end to the pod's: daprd's graceful end takes 5 s where a subscription is slow to close. */
const SOON_MS = 15_000;

const lab = await openSharedLab();

type Called = Extract<Said, { said: "called" }>;

/** Starts the app, has it end, and waits until its pod is gone. */
async function end(scene: Scene, options: TemplateOptions) {
  const deployment = (replicas: number) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    spec: { replicas, selector: { matchLabels: { app: APP } }, template: scene.template(options) },
  });
  await scene.apply(deployment(1));
  const pod = await scene.pods.until(({ ready: [pod] }) => pod?.metadata?.name, {
    what: "the pod to be ready",
    timeoutMs: TIMEOUT_MS,
  });
  const app = await FollowedLog.follow(lab, scene.namespace, pod, APP);
  const daprd = await FollowedLog.follow(lab, scene.namespace, pod, "daprd");
  await scene.apply(deployment(0));
  const exit = await app.until((lines) => lines.find(({ fields }) => fields["said"] === "exit"), {
    what: "the app to end",
    timeoutMs: TIMEOUT_MS,
  });
  const gone = await scene.pods.gone(pod, TIMEOUT_MS);
  const calls = app.lines.map(({ fields }) => fields as Said).filter((one): one is Called => one.said === "called");
  const daprdEnds = daprd.line(/Dapr is shutting down|[Ff]orc\w+ shutdown|Received signal/);
  return { calls, exit, gone, daprdEnds };
}

const done = (calls: readonly Called[]) => calls.filter((call) => call.published === DONE && call.saved === DONE);

const CASES: readonly {
  readonly id: string;
  readonly title: string;
  readonly mode: Mode;
  readonly env: Record<string, string>;
  readonly daps?: Record<string, string>;
}[] = [
  { id: "keep", title: "by one connection", mode: ORDINARY, env: {} },
  { id: "keep", title: "by one connection", mode: MIXED, env: {} },
  { id: "keep", title: "by one connection", mode: NATIVE, env: {} },
  { id: "close", title: "by a connection for each call", mode: ORDINARY, env: { CONNECTION: "close" } },
  {
    id: "seldom",
    title: "by a connection for each call, the first late, with linger 4s",
    mode: MIXED,
    env: { CONNECTION: "close", CALLS: "5", FIRST_MS: "2500", GAP_MS: "2500" },
    daps: { linger: "4s" },
  },
];

describe.concurrent("an app that uses Dapr after its port is closed", () => {
  test.for(CASES)("$title: $mode.title", async ({ id, mode, env, daps = {} }, { expect }) => {
    await using scene = await Scene.make(lab, `late-${id}-${mode.id}`);
    const variables = { CALLS: String(CALLS), ...env };
    const { calls, exit, gone, daprdEnds } = await end(scene, { mode, daps, env: variables });
    expect(calls).toHaveLength(Number(variables.CALLS));
    expect(done(calls)).toEqual(calls);
    await scene.publishedAll(Number(variables.CALLS));
    if (id === "keep") await record("late", mode.id, { published: CALLS, lost: CALLS - done(calls).length });
    expect(daprdEnds?.at).toBeGreaterThanOrEqual(exit.at);
    // And not held until the grace period is about to end.
    expect(gone - exit.at).toBeLessThan(SOON_MS);
    expect(SOON_MS).toBeLessThan(GRACE_SECONDS * 1000 / 2);
    await scene.remove();
  });

  test("under Dapr alone loses most of it", async ({ expect }) => {
    await using scene = await Scene.make(lab, "late-alone");
    const { calls } = await end(scene, { mode: "alone", env: { CALLS: String(CALLS) } });
    expect(calls).toHaveLength(CALLS);
    await record("late", "alone", { published: CALLS, lost: CALLS - done(calls).length });
    expect(done(calls).length).toBeLessThan(CALLS / 2);
    await scene.publishedAll(calls.filter(({ published }) => published === DONE).length);
    await scene.remove();
  });
});
