/**
 * A worker on the cluster, with its ledger, its queue and all that was published to it.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, type V1Pod } from "@kubernetes/client-node";
import { type Depth, PUBSUB_ARGUMENTS } from "./broker.ts";
import { type Account, lostMessages } from "./account.ts";
import { deleteNamespace, type Lab } from "./lab.ts";
import { Ledger } from "./ledger.ts";
import {
  bindingManifest,
  componentManifest,
  type ComponentOptions,
  namespaceManifest,
  workerManifests,
  type WorkerNames,
  workerNames,
  type WorkerOptions,
} from "./manifests.ts";
import { containers, Pods } from "./pods.ts";
import type { Message } from "./schedule.ts";
import { polled } from "./waiting.ts";

export interface DeployOptions extends Omit<WorkerOptions, "image" | "ledgerUrl">, Omit<ComponentOptions, "amqpUrl"> {
  /** Made if need be, and removed by `remove`. What an earlier run left in it is removed first. */
  readonly namespace: string;
  /** Dapr's app id. Default `worker`. */
  readonly app?: string;
  /** What else the namespace needs before the worker starts. */
  readonly beside?: readonly object[];
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
    await deleteNamespace(lab, names.namespace, true);
    await broker.declare(names.topic, names.queue, options.subscribe === "binding" ? {} : PUBSUB_ARGUMENTS);
    // The API server forgets a pod that is deleted by force before the kubelet has ended it.
    await broker.consumers(names.queue, (count) => count === 0, {
      what: "the consumers of an earlier run to go",
      timeoutMs: TIMEOUT_MS,
    });
    const ledger = await Ledger.start({ host: lab.host });
    await cluster.apply(namespaceManifest(names.namespace));
    const pods = await Pods.watch(lab.kube, { namespace: names.namespace, labelSelector: `app=${names.app}` });
    const worker = new WorkerDeployment(lab, names, ledger, pods, options);
    const componentOptions = { ...options, amqpUrl: cluster.env.AMQP_URL };
    const component = options.subscribe === "binding" ? bindingManifest : componentManifest;
    await cluster.apply([component(names, componentOptions), ...options.beside ?? []]);
    await worker.apply();
    if (options.wait ?? true) await worker.settled();
    return worker;
  }

  /** Applies the worker's manifests again, with changes if need be; `settled` waits until that is done. */
  async apply(changes: Partial<WorkerOptions> = {}): Promise<void> {
    const { cluster, image } = this.#lab;
    const options = { ...this.#options, image, ledgerUrl: this.ledger.url, ...changes };
    const grpc = options.grpc ? "main" : options.subscribe === "streaming" ? "streaming" : undefined;
    const script = grpc === undefined ? this.#lab.script : await this.#lab.grpcScript(grpc);
    await cluster.apply(workerManifests(this.names, script, options));
  }

  /** Ids of the messages that the broker has confirmed, in their order. */
  get published(): readonly string[] {
    return this.#published;
  }

  /** What has become of them, so far. Call `finished` first for the whole truth. */
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

  /** As kubectl names it. */
  get #workload(): string {
    return `${(this.#options.kind ?? "Deployment").toLowerCase()}/${this.names.app}`;
  }

  /** Starts a rolling restart of the Deployment; `settled` waits for its end. */
  async restart(): Promise<void> {
    await this.#lab.cluster.kubectl([
      "rollout",
      "restart",
      this.#workload,
      `--namespace=${this.names.namespace}`,
    ]);
  }

  /** `kubectl scale`; the API server has it by then, the pods have not. */
  async scale(replicas: number): Promise<void> {
    const { app, namespace } = this.names;
    await this.#lab.cluster.kubectl([
      ...["scale", `deployment/${app}`, `--namespace=${namespace}`, `--replicas=${replicas}`],
    ]);
  }

  /** Waits until the Deployment is rolled out: each new pod is Ready, and each old one on its way out. */
  async rolledOut(timeoutMs: number = this.#options.timeoutMs ?? TIMEOUT_MS): Promise<void> {
    const { namespace } = this.names;
    await this.#lab.cluster.kubectl([
      ...["rollout", "status", this.#workload, `--namespace=${namespace}`],
      `--timeout=${Math.ceil(timeoutMs / 1000)}s`,
    ]).catch((cause: unknown) => {
      throw new Error(`Cannot roll out ${this.#workload} in ${namespace}: ${this.pods.seen()}`, { cause });
    });
  }

  /** Waits until the Deployment is rolled out and, if it subscribes, each pod has its consumer. */
  async settled(timeoutMs: number = this.#options.timeoutMs ?? TIMEOUT_MS): Promise<void> {
    const { namespace, queue } = this.names;
    await this.rolledOut(timeoutMs);
    if (this.#options.subscribe === "none") return;
    const replicas = this.#options.replicas ?? 2;
    const what = `${replicas} pods of ${namespace} to subscribe`;
    await this.#lab.broker.consumers(queue, (count) => count >= replicas, { what, timeoutMs });
  }

  /**
   * Waits until the queue holds no message, neither ready nor unacknowledged, and no process that lives has an attempt
   * under way: then the account is final.
   */
  async finished(timeoutMs: number = TIMEOUT_MS): Promise<void> {
    let depth: Depth | undefined;
    let alive: readonly string[] = [];
    await polled(
      async () => {
        depth = await this.#lab.broker.depth(this.names.queue);
        alive = this.#aliveAttempts();
        return depth.ready + depth.unacknowledged + alive.length === 0;
      },
      () => `it has ${JSON.stringify(depth)}, under way are ${alive.join(", ") || "none"}; ${this.pods.seen()}`,
      { what: `the queue ${this.names.queue} to be empty and all attempts to end`, timeoutMs },
    );
  }

  /** The messages of attempts that are not completed, but may yet be. */
  #aliveAttempts(): string[] {
    const lastInstance = new Map(this.ledger.of("started").map(({ pod, instance }) => [pod, instance]));
    const running = new Set(this.pods.now.filter(appRuns).map(({ metadata }) => metadata?.name));
    return this.ledger.unfinished.filter(({ pod, instance }) => running.has(pod) && lastInstance.get(pod) === instance)
      .map(({ message }) => message);
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

  /** Removes the Deployment but not its pods, so that nothing takes the place of a pod that is deleted. */
  async orphan(): Promise<void> {
    const { namespace } = this.names;
    for (const what of [[this.#workload], ["replicasets", "--all"]]) {
      await this.#lab.cluster.kubectl(["delete", ...what, `--namespace=${namespace}`, "--cascade=orphan"]);
    }
  }

  /** Removes the worker with its queue and, without waiting until it is gone, its namespace. */
  async remove(): Promise<void> {
    await deleteNamespace(this.#lab, this.names.namespace, false);
    await this.#lab.broker.remove(this.names.topic, this.names.queue);
  }

  /** Ends the ledger and the watch; the worker stays, see `remove`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.pods[Symbol.asyncDispose]();
    await this.ledger[Symbol.asyncDispose]();
  }
}

function appRuns(pod: V1Pod): boolean {
  return containers(pod).some(({ name, state }) => name === "app" && state?.running !== undefined);
}
