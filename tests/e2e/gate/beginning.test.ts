/**
 * Pods that are deleted while they begin. The kernel drops a SIGTERM for process 1 of a container as long as that has no
 * handler for it; the kubelet then waits until the grace period is over. With an init before it, as DAPS has one, a
 * process ends that can't hear yet. That it hears from its first instruction is no promise that it has come to it: how
 * many pods were slow to go all the same is a figure, not a fault.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api } from "@kubernetes/client-node";
import { describe, test } from "vitest";
import {
  type Account,
  deleteNamespace,
  type DeployOptions,
  Pods,
  schedule,
  WorkerDeployment,
} from "../../../scripts/lib/proof/index.ts";
import { namespaceManifest } from "../../../scripts/lib/proof/manifests.ts";
import { INIT } from "../../../services/core/admission/daps-container.ts";
import { withInit } from "../support/init.ts";
import { openSharedLab } from "../support/lab.ts";
import { type Drains, drains, tell } from "../support/load.ts";
import { FollowedLog } from "../support/logs.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 180_000;
/** The worker's, in seconds. */
const GRACE = 60;
const SLOW_MS = GRACE * 1000 / 2;
/** How long after a pod was created it is deleted, in ms: DAPS takes about a second of them to listen. */
const MOMENTS_MS = Array.from({ length: 17 }, (_, index) => index * 125);

const lab = await openSharedLab();

describe.concurrent("a process without a handler for SIGTERM", () => {
  const GRACE_SECONDS = 20;

  /** How long a pod with this command takes to go, in ms. */
  async function end(namespace: string, command: readonly string[]): Promise<number> {
    await deleteNamespace(lab, namespace, true);
    await lab.cluster.apply(namespaceManifest(namespace));
    await using pods = await Pods.watch(lab.kube, { namespace });
    const env = [{ name: "DENO_DIR", value: "/tmp" }];
    await lab.cluster.apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "deaf", namespace },
      spec: {
        terminationGracePeriodSeconds: GRACE_SECONDS,
        containers: [{ name: "deaf", image: lab.image, imagePullPolicy: "IfNotPresent", command, env }],
      },
    });
    await pods.until(({ ready: [pod] }) => pod, { what: "the pod to run", timeoutMs: TIMEOUT_MS });
    const log = await FollowedLog.follow(lab, namespace, "deaf", "deaf");
    await log.until(() => log.line(/deaf/), { what: "the process to be deaf", timeoutMs: TIMEOUT_MS });
    const start = Date.now();
    await lab.kube.makeApiClient(CoreV1Api).deleteNamespacedPod({ name: "deaf", namespace });
    const tookMs = await pods.gone("deaf", TIMEOUT_MS) - start;
    await deleteNamespace(lab, namespace, false);
    return tookMs;
  }

  /** As every process is before it has installed a handler; Deno installs one when it has evaluated the module. */
  const SCRIPT = `
    const libc = Deno.dlopen("/lib/" + Deno.build.arch + "-linux-gnu/libc.so.6", {
      signal: { parameters: ["i32", "usize"], result: "usize" },
    });
    const [SIGTERM, SIG_DFL] = [15, 0n];
    setInterval(() => {
      if (libc.symbols.signal(SIGTERM, SIG_DFL) === SIG_DFL) console.log("deaf");
    }, 200);
  `;
  const DEAF = ["deno", "eval", "--no-config", SCRIPT];

  test("is waited for until the grace period is over", async ({ expect }) => {
    expect(await end("deaf", DEAF)).toBeGreaterThanOrEqual(GRACE_SECONDS * 1000);
  });

  test("ends at once behind the init that DAPS has", async ({ expect }) => {
    expect(await end("deaf-init", [...INIT, ...DEAF])).toBeLessThan(GRACE_SECONDS * 1000 / 2);
  });
});

/** What became of the messages, and how many pods were waited for until their grace period was over. */
async function deletedAsTheyBegin(options: DeployOptions): Promise<Account & Drains & { slow: number }> {
  await using worker = await WorkerDeployment.deploy(lab, {
    ...options,
    replicas: 1,
    gracePeriodSeconds: GRACE,
    spec: withInit,
  });
  const published = worker.publish(
    schedule({ messages: 60, perSecond: 2, workMs: { min: 300, max: 500 }, seed: 40 }),
  );
  const known = new Set<string>();
  const next = () => worker.pods.now.map(({ metadata }) => metadata?.name ?? "").find((name) => !known.has(name));
  const ends: Promise<number>[] = [];
  for (const moment of MOMENTS_MS) {
    const pod = await worker.pods.until(next, { what: "the next pod", timeoutMs: TIMEOUT_MS });
    known.add(pod);
    // The moment is what is tried here, not something that is waited for.
    await sleep(moment);
    ends.push(worker.delete(pod, { timeoutMs: TIMEOUT_MS }));
  }
  const took = await Promise.all(ends);
  const slow = [...known].filter((_, index) => (took[index] ?? 0) > SLOW_MS);
  for (const pod of slow) tell(worker, pod);
  await published;
  await worker.finished(TIMEOUT_MS);
  const result = { ...worker.account(), ...drains(worker), slow: slow.length };
  await worker.remove();
  return result;
}

describe("pods that are deleted while they begin", () => {
  test.for(cases("begins"))("$title", async ({ id, mode }, { expect }) => {
    const { forced, slow, ...account } = await deletedAsTheyBegin(withDaps(mode, id));
    await record(id, mode.id, { ...account, "slow to go": slow });
    expect({ ...account, forced }).toMatchObject({ lost: 0, cutOff: 0, repeated: 0, early: 0, forced: 0 });
  });
});
