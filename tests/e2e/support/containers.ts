/** Containers of a worker's pods: ended from outside, and waited for. @module */
import type { V1Pod } from "@kubernetes/client-node";
import { containers, type Lab, type WorkerDeployment } from "../../../scripts/lib/proof/index.ts";

const TIMEOUT_MS = 180_000;

/** Who lives in a pod now, by the API server's word, which is late by some tenths of a second. */
export function runningId(pod: V1Pod | undefined, container: string): string | undefined {
  const status = pod && containers(pod).find(({ name }) => name === container);
  return status?.state?.running ? status.containerID?.replace("containerd://", "") : undefined;
}

export function podNamed(worker: WorkerDeployment, name: string): V1Pod | undefined {
  return worker.pods.now.find(({ metadata }) => metadata?.name === name);
}

/** Sends a signal to the first process of a container, past the kubelet. */
export async function signal({ cluster }: Lab, id: string, name: "SIGKILL" | "SIGTERM"): Promise<void> {
  await cluster.run("ctr", ["tasks", "kill", "--signal", name, id]);
}

/** Waits until another container has taken the place of the one with this id, and is ready. */
export async function replaced(worker: WorkerDeployment, pod: string, container: string, id: string): Promise<void> {
  await worker.pods.until(() => {
    const now = podNamed(worker, pod);
    const next = runningId(now, container);
    return now && next && next !== id && containers(now).some(({ name, ready }) => name === container && ready);
  }, { what: `${container} of ${pod} to be back`, timeoutMs: TIMEOUT_MS });
}

/** Asks the worker in a pod for something that it may not live to answer. */
export async function ask(worker: WorkerDeployment, pod: string, port: number, path: string): Promise<void> {
  const address = podNamed(worker, pod)?.status?.podIP;
  await fetch(`http://${address}:${port}${path}`).then((response) => response.body?.cancel(), () => {});
}
