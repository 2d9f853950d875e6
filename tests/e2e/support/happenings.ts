/**
 * What a soak does to a worker, or to all of them: each one is over when the pods serve again.
 * @module
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { type Happening, oneOf } from "../../../scripts/lib/matrix/soak.ts";
import { containers, type Lab, type Random, type WorkerDeployment } from "../../../scripts/lib/proof/index.ts";

const TIMEOUT_MS = 240_000;
const STOPPED_MS = 10_000;

export interface Target {
  readonly lab: Lab;
  readonly worker: WorkerDeployment;
  readonly replicas: number;
  readonly random: Random;
  /** Does something while nobody publishes. */
  readonly unpublished: (action: () => Promise<void>) => Promise<void>;
}

/** A pod that is Ready, by choice. */
async function somePod({ worker, random }: Target): Promise<V1Pod> {
  await worker.pods.until(({ ready }) => ready.length > 0, { what: "a Ready pod", timeoutMs: TIMEOUT_MS });
  const ready = worker.pods.ready.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
  const pod = oneOf(random, ready);
  if (pod === undefined) throw new Error(`Cannot choose a pod: ${worker.pods.seen()}`);
  return pod;
}

const nameOf = ({ metadata }: V1Pod) => metadata?.name ?? "";

async function kill(target: Target, container: string): Promise<void> {
  const pod = await somePod(target);
  const status = (of: V1Pod | undefined) => of && containers(of).find(({ name }) => name === container);
  const { containerID = "", restartCount = 0 } = status(pod) ?? {};
  const { lab: { cluster }, worker } = target;
  await cluster.run("ctr", ["tasks", "kill", "--signal", "SIGKILL", containerID.replace("containerd://", "")]);
  const again = () => {
    const now = worker.pods.ready.find((one) => nameOf(one) === nameOf(pod));
    return (status(now)?.restartCount ?? 0) > restartCount && status(now)?.ready;
  };
  await worker.pods.until(again, { what: `${container} of ${nameOf(pod)} to be back`, timeoutMs: TIMEOUT_MS });
}

async function deletePods({ cluster }: Lab, namespace: string, args: readonly string[]): Promise<void> {
  const deployment = [`--namespace=${namespace}`, "--timeout=180s"];
  await cluster.kubectl(["delete", "pods", `--namespace=${namespace}`, ...args]);
  await cluster.kubectl(["rollout", "status", "deployment", ...deployment]);
}

export const HAPPEN: Readonly<Record<Happening, (target: Target) => Promise<void>>> = {
  "rolling restart": ({ worker }) => worker.restart(),
  "pod deleted": async (target) => {
    await target.worker.delete(nameOf(await somePod(target)), { timeoutMs: TIMEOUT_MS });
  },
  "pod evicted": async (target) => {
    const { lab: { cluster }, worker } = target;
    const { namespace } = worker.names;
    const name = nameOf(await somePod(target));
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
    await cluster.kubectl(["create", "--raw", path, "-f", "-"], { input: JSON.stringify(eviction) });
    await worker.pods.gone(name, TIMEOUT_MS);
  },
  "scaled in and out": async ({ worker, replicas }) => {
    await worker.scale(1);
    await worker.pods.until(({ now }) => now.length === 1, { what: "one pod to be left", timeoutMs: TIMEOUT_MS });
    await worker.scale(replicas);
  },
  "app killed": (target) => kill(target, "app"),
  "daprd killed": (target) => kill(target, "daprd"),
  "broker restarted": ({ lab, unpublished }) =>
    unpublished(async () => {
      await lab.cluster.stopBroker();
      await lab.cluster.startBroker();
      await lab.broker.reconnect();
    }),
  "API server stopped for 10 s": async ({ lab: { cluster } }) => {
    const pid = (await cluster.status()).find(({ name }) => name === "kube-apiserver")?.pid;
    if (pid === undefined) throw new Error("Cannot stop the API server as it is no process of this machine");
    process.kill(pid, "SIGSTOP");
    try {
      await sleep(STOPPED_MS);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  },
  "webhook replica killed": async ({ lab, random }) => {
    const list = await lab.cluster.kubectl([
      ...["get", "pods", "--namespace=daps-system", "--output=jsonpath={.items[*].metadata.name}"],
    ]);
    const replica = oneOf(random, list.split(" ")) ?? "";
    await deletePods(lab, "daps-system", [replica, "--force", "--grace-period=0"]);
  },
  "sentry restarted": ({ lab }) => deletePods(lab, "dapr-system", ["--selector=app=dapr-sentry", "--now"]),
};
