/**
 * A worker on the cluster, with its ledger, its queue and all that was published to it.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api } from "@kubernetes/client-node";
import { type Account, lostMessages } from "./account.ts";
import { deleteNamespace, type Lab } from "./lab.ts";
import { Ledger } from "./ledger.ts";
import {
  componentManifest,
  type ComponentOptions,
  namespaceManifest,
  workerManifests,
  type WorkerNames,
  workerNames,
  type WorkerOptions,
} from "./manifests.ts";
import { Pods } from "./pods.ts";
import type { Message } from "./schedule.ts";

export interface DeployOptions extends Omit<WorkerOptions, "image" | "ledgerUrl">, Omit<ComponentOptions, "amqpUrl"> {
  /** Made if need be, and removed by `remove`. What an earlier run left in it is removed first. */
  readonly namespace: string;
  /** Dapr's app id. Default `worker`. */
  readonly app?: string;
  /** Whether to wait until every pod is Ready and, if it subscribes, has its consumer. Default true. */
  readonly wait?: boolean;
  /** How long a Deployment may take until then, in ms. Default 120,000. */
  readonly timeoutMs?: number;
}

export interface DeleteOptions {
  /** Instead of the pod's own. */
  readonly gracePeriodSeconds?: number;
  /** Default 120,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 120_000;

export class WorkerDeployment implements AsyncDisposable {
  readonly names: WorkerNames;
  readonly ledger: Ledger;
  readonly pods: Pods;
  readonly #lab: Lab;
  readonly #options: DeployOptions;
  readonly #published: string[] = [];

  private constructor(lab: Lab, names: WorkerNames, ledger: Ledger, pods: Pods, options: DeployOptions) {
    this.#lab = lab;
    this.names = names;
    this.ledger = ledger;
    this.pods = pods;
    this.#options = options;
  }

  /** Deploys a worker, into an empty queue. */
  static async deploy(lab: Lab, options: DeployOptions): Promise<WorkerDeployment> {
    const names = workerNames(options.namespace, options.app ?? "worker");
    const { cluster, broker } = lab;
    await deleteNamespace(lab, names.namespace);
    await broker.declare(names.topic, names.queue);
    const ledger = await Ledger.start({ host: lab.host });
    await cluster.apply(namespaceManifest(names.namespace));
    const pods = await Pods.watch(lab.kube, { namespace: names.namespace, labelSelector: `app=${names.app}` });
    const worker = new WorkerDeployment(lab, names, ledger, pods, options);
    await cluster.apply([
      componentManifest(names, { ...options, amqpUrl: cluster.env.AMQP_URL }),
      ...worker.manifests(),
    ]);
    if (options.wait ?? true) await worker.settled();
    return worker;
  }

  /** What was applied; for tests that want to change it and apply it again. */
  manifests(changes: Partial<WorkerOptions> = {}): object[] {
    const { image, script } = this.#lab;
    return workerManifests(this.names, script, { ...this.#options, image, ledgerUrl: this.ledger.url, ...changes });
  }

  /** Ids of the messages that the broker has confirmed, in their order. */
  get published(): readonly string[] {
    return this.#published;
  }

  /** What has become of them, so far. Call `empty` first for the whole truth. */
  account(): Account {
    return this.ledger.account(this.#published);
  }

  /** Ids of the published messages that no attempt has completed, so far. */
  lost(): string[] {
    return lostMessages(this.#published, this.ledger.events);
  }

  /**
   * Publishes messages at their times.
   *
   * @param onPublished is told how many of them the broker has confirmed
   */
  async publish(messages: readonly Message[], onPublished: (count: number) => void = () => {}): Promise<void> {
    const start = performance.now();
    let count = 0;
    const confirmations: Promise<void>[] = [];
    for (const message of messages) {
      const wait = start + message.atMs - performance.now();
      if (wait > 0) await sleep(wait);
      confirmations.push(
        this.#lab.broker.publish(this.names.topic, message).then(() => {
          this.#published.push(message.id);
          onPublished(++count);
        }),
      );
    }
    await Promise.all(confirmations);
  }

  /** Starts a rolling restart of the Deployment; `settled` waits for its end. */
  async restart(): Promise<void> {
    await this.#lab.cluster.kubectl([
      "rollout",
      "restart",
      `deployment/${this.names.app}`,
      `--namespace=${this.names.namespace}`,
    ]);
  }

  /** Waits until the Deployment is rolled out and, if it subscribes, each pod has its consumer. */
  async settled(timeoutMs: number = this.#options.timeoutMs ?? TIMEOUT_MS): Promise<void> {
    const { app, namespace, queue } = this.names;
    await this.#lab.cluster.kubectl([
      ...["rollout", "status", `deployment/${app}`, `--namespace=${namespace}`],
      `--timeout=${Math.ceil(timeoutMs / 1000)}s`,
    ]).catch((cause: unknown) => {
      throw new Error(`Cannot roll out ${app} in ${namespace}: ${this.pods.seen()}`, { cause });
    });
    if (this.#options.subscribe === "none") return;
    await this.#lab.broker.consumed(queue, this.#options.replicas ?? 2, timeoutMs);
  }

  /** Waits until the queue holds no message, neither ready nor unacknowledged: then the account is final. */
  async empty(timeoutMs: number = TIMEOUT_MS): Promise<void> {
    await this.#lab.broker.empty(this.names.queue, timeoutMs);
  }

  /**
   * Deletes a pod, and gives how long it took from then until the API server told that it is gone, in ms.
   */
  async delete(pod: string, { gracePeriodSeconds, timeoutMs = TIMEOUT_MS }: DeleteOptions = {}): Promise<number> {
    const start = Date.now();
    const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    const api = this.#lab.kube.makeApiClient(CoreV1Api);
    await api.deleteNamespacedPod({ name: pod, namespace: this.names.namespace, ...grace });
    return await this.pods.gone(pod, timeoutMs) - start;
  }

  /** Removes the worker with its namespace and its queue. */
  async remove(): Promise<void> {
    await deleteNamespace(this.#lab, this.names.namespace);
    await this.#lab.broker.remove(this.names.topic, this.names.queue);
  }

  /** Ends the ledger and the watch; the worker stays, see `remove`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.pods[Symbol.asyncDispose]();
    await this.ledger[Symbol.asyncDispose]();
  }
}
