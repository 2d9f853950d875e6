/**
 * Pods as the API server tells of them, each change with its time.
 *
 * @module
 */
import { CoreV1Api, type KubeConfig, makeInformer, type V1ContainerStatus, type V1Pod } from "@kubernetes/client-node";
import { type Found, type UntilOptions, Waiting } from "./waiting.ts";

export interface PodChange {
  readonly type: "add" | "update" | "delete";
  /** When this process was told, in ms since 1970. */
  readonly at: number;
  readonly pod: V1Pod;
}

export interface PodsOptions {
  readonly namespace: string;
  readonly labelSelector?: string;
}

const RETRY_MS = 500;

/** The pods of a namespace, watched. */
export class Pods implements AsyncDisposable {
  readonly #changes: PodChange[] = [];
  readonly #waiting = new Waiting();
  readonly #listeners = new Set<() => void>();
  #stop: () => Promise<void> = () => Promise.resolve();

  private constructor() {}

  /** The pods that are there already come as `add`. */
  static async watch(config: KubeConfig, { namespace, labelSelector }: PodsOptions): Promise<Pods> {
    const pods = new Pods();
    const api = config.makeApiClient(CoreV1Api);
    const list = () => api.listNamespacedPod({ namespace, ...labelSelector === undefined ? {} : { labelSelector } });
    const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/pods`, list, labelSelector);
    const take = (type: PodChange["type"]) => (pod: V1Pod) => {
      pods.#changes.push({ type, at: Date.now(), pod });
      pods.#waiting.notify();
      pods.#listeners.forEach((listener) => listener());
    };
    for (const type of ["add", "update", "delete"] as const) informer.on(type, take(type));
    let stopped = false;
    // The API server ends a watch now and then; the informer lists anew when it is started again.
    const again = () => {
      if (!stopped) informer.start().catch(() => setTimeout(again, RETRY_MS));
    };
    informer.on("error", again);
    await informer.start();
    pods.#stop = async () => {
      stopped = true;
      await informer.stop();
    };
    return pods;
  }

  /** All that has happened to them, the oldest first. */
  get changes(): readonly PodChange[] {
    return this.#changes;
  }

  /** As they are now. */
  get now(): V1Pod[] {
    const latest = new Map<string, PodChange>();
    for (const change of this.#changes) latest.set(change.pod.metadata?.uid ?? "", change);
    return [...latest.values()].filter(({ type }) => type !== "delete").map(({ pod }) => pod);
  }

  /** Those that are Ready and not about to go. */
  get ready(): V1Pod[] {
    return this.now.filter((pod) =>
      !pod.metadata?.deletionTimestamp &&
      pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
    );
  }

  /** Asks now and at each change. */
  until<T>(find: (pods: this) => Found<T>, options: UntilOptions): Promise<T> {
    return this.#waiting.until(() => find(this), () => this.seen(), options);
  }

  /** Calls `listener` after each change, until the result is disposed. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Waits until the API server has told that a pod is gone, and gives when, in ms since 1970. */
  async gone(name: string, timeoutMs: number): Promise<number> {
    const change = await this.until(
      () => this.#changes.findLast(({ pod, type }) => pod.metadata?.name === name && type === "delete"),
      { what: `the pod ${name} to be gone`, timeoutMs },
    );
    return change.at;
  }

  /** For people. */
  seen(): string {
    return this.now.map(describe).join("; ") || "there is no pod";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

/** The names of all containers of a pod's spec, init containers among them. */
export function containerNames({ spec }: V1Pod): string[] {
  return [...spec?.initContainers ?? [], ...spec?.containers ?? []].map(({ name }) => name);
}

/** The status of all containers, native sidecars among them. */
export function containers(pod: V1Pod): V1ContainerStatus[] {
  return [...pod.status?.initContainerStatuses ?? [], ...pod.status?.containerStatuses ?? []];
}

function describe(pod: V1Pod): string {
  const parts = containers(pod).map(({ name, ready, restartCount, state }) => {
    const reason = state?.waiting?.reason ?? state?.terminated?.reason;
    return `${name} ${ready ? "ready" : "not ready"}${reason ? ` (${reason})` : ""}${
      restartCount > 0 ? `, restarted ${restartCount} times` : ""
    }`;
  });
  const going = pod.metadata?.deletionTimestamp ? ", being deleted" : "";
  return `${pod.metadata?.name} ${pod.status?.phase}${going}: ${parts.join(", ") || "no container yet"}`;
}
