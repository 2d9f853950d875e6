/**
 * Pods that are evicted: by `kubectl drain`, by the API and, which gives no time, by the kubelet itself.
 */
import { describe, expect, test } from "vitest";
import { type Account, flawless, type WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { type Drains, underLoad } from "../support/load.ts";
import { cases, record } from "../support/matrix.ts";
import { type Mode, withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 240_000;
const load = { perSecond: 2, workMs: { min: 1000, max: 6000 }, seed: 71 };
/** Work that is not over by chance when the kubelet acts, which looks every ten seconds. */
const longLoad = { perSecond: 1, workMs: { min: 10_000, max: 15_000 }, seed: 71 };
/** An app of its own, so that the pods of other tests stay on the node. */
const DRAINED = "drained";
const OVER = ["Failed", "Succeeded"];
const FLAWLESS = { lost: 0, cutOff: 0, repeated: 0, early: 0, forced: 0 };

const lab = await openSharedLab();
const node = await lab.cluster.kubectl(["get", "nodes", "--output=jsonpath={.items[0].metadata.name}"]);

/** Of two replicas one at a time may be taken away. */
const budget = ({ namespace, app }: WorkerDeployment["names"]) => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: app, namespace },
  spec: { maxUnavailable: 1, selector: { matchLabels: { app } } },
});

/** The one node of the cluster is drained, so what takes the pods' places has to run on it all the same. */
const onDrainedNode = {
  tolerations: [{ key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" }],
};

async function busyPod(worker: WorkerDeployment): Promise<string> {
  const { pod } = await worker.ledger.until(({ unfinished: [begun] }) => begun, {
    what: "a message under way",
    timeoutMs: TIMEOUT_MS,
  });
  return pod;
}

const gone = (worker: WorkerDeployment, pods: readonly string[]) =>
  Promise.all(pods.map((pod) => worker.pods.gone(pod, TIMEOUT_MS)));

const names = (worker: WorkerDeployment) => worker.pods.ready.map(({ metadata }) => metadata?.name ?? "");

test.for(cases("node-drain"))("$title", async ({ id, mode }) => {
  const { forced, ...account } = await underLoad(lab, {
    options: { ...withDaps(mode, id), app: DRAINED, spec: (spec) => Object.assign(spec, onDrainedNode) },
    load,
    act: async (worker) => {
      await lab.cluster.apply(budget(worker.names));
      const before = names(worker);
      try {
        await lab.cluster.kubectl([
          ...["drain", node, `--pod-selector=app=${DRAINED}`, "--delete-emptydir-data", "--ignore-daemonsets"],
          ...["--timeout", `${TIMEOUT_MS / 1000}s`],
        ], { timeoutMs: TIMEOUT_MS });
        await gone(worker, before);
        await worker.settled();
      } finally {
        await lab.cluster.kubectl(["uncordon", node]);
      }
    },
    timeoutMs: TIMEOUT_MS,
  });
  await record(id, mode.id, { ...account });
  expect({ ...account, forced }).toMatchObject(FLAWLESS);
});

describe.concurrent("eviction", () => {
  test.for(cases("eviction"))("$title", async ({ id, mode }, { expect }) => {
    const { forced, ...account } = await underLoad(lab, {
      options: withDaps(mode, id),
      load,
      act: async (worker) => {
        await lab.cluster.apply(budget(worker.names));
        const pod = await busyPod(worker);
        const { namespace } = worker.names;
        const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod, namespace } };
        const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
        await lab.cluster.kubectl(["create", "--raw", path, "-f", "-"], { input: JSON.stringify(eviction) });
        await gone(worker, [pod]);
        await worker.settled();
      },
      timeoutMs: TIMEOUT_MS,
    });
    await record(id, mode.id, { ...account });
    expect({ ...account, forced }).toMatchObject(FLAWLESS);
  });

  test.for(cases("node-pressure"))("$title", async ({ id, mode }, { expect }) => {
    const { forced: _, ...account } = await underPressure(mode);
    await record(id, mode.id, { ...account });
    // What was in flight is cut off, whoever drains; the broker gives it to another pod.
    expect(account).toMatchObject({ early: 0 });
    expect(flawless(account), "nothing was cut off: this is no limit any more").toBe(false);
  });
});

/** A pod takes more of its disk than it may have: what the kubelet does then, it does when the node's disk is full. */
async function underPressure(mode: Mode): Promise<Account & Drains> {
  return await underLoad(lab, {
    options: {
      ...withDaps(mode, "node-pressure"),
      spec: (spec) => {
        (spec["volumes"] as object[]).push({ name: "small", emptyDir: { sizeLimit: "1Mi" } });
        for (const app of spec.containers) {
          (app["volumeMounts"] as object[]).push({ name: "small", mountPath: "/small" });
        }
      },
    },
    load: longLoad,
    act: async (worker) => {
      const pod = await busyPod(worker);
      const write = "Deno.writeFileSync('/small/file', new Uint8Array(4 << 20))";
      await lab.cluster.kubectl([
        ...["exec", pod, `--namespace=${worker.names.namespace}`, "--container=app"],
        ...["--", "deno", "eval", "--no-config", write],
      ]);
      // Nobody else ends a pod and leaves it there. The reason "Evicted" does not always stay in its status.
      const evicted = ({ now }: WorkerDeployment["pods"]) =>
        now.some(({ metadata, status }) => metadata?.name === pod && OVER.includes(status?.phase ?? ""));
      await worker.pods.until(evicted, { what: `${pod} to be evicted`, timeoutMs: TIMEOUT_MS });
      await worker.settled();
    },
    timeoutMs: TIMEOUT_MS,
  });
}
