/**
 * The app of app.ts on a cluster, as a Deployment or in a Job, with a queue that shows what it has published.
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { deleteNamespace, type Lab, Pods, polled, PUBSUB } from "../../../../scripts/lib/proof/index.ts";
import type { Mode } from "../../support/modes.ts";
import { componentManifest, namespaceManifest, workerNames } from "../../../../scripts/lib/proof/manifests.ts";

export interface TemplateOptions {
  /** See app.ts. */
  readonly env: Readonly<Record<string, string>>;
  readonly mode: Mode | "alone";
  /** Without their prefix `daps.io/`, beside those of the mode. */
  readonly daps?: Readonly<Record<string, string>>;
  /** daprd as a native sidecar, without DAPS. */
  readonly native?: boolean;
  /** Fields of the pod's spec. */
  readonly spec?: object;
}

/** A namespace with the components, the app's source, and a queue that takes all that the app publishes. */
export class Scene implements AsyncDisposable {
  readonly namespace: string;
  readonly queue: string;
  readonly topic: string;
  readonly pods: Pods;
  readonly #lab: Lab;

  private constructor(lab: Lab, namespace: string, pods: Pods) {
    const { queue, topic } = workerNames(namespace, APP);
    this.namespace = namespace;
    this.queue = queue;
    this.topic = topic;
    this.pods = pods;
    this.#lab = lab;
  }

  static async make(lab: Lab, namespace: string): Promise<Scene> {
    const { cluster, broker } = lab;
    const names = workerNames(namespace, APP);
    await deleteNamespace(lab, namespace, true);
    await broker.declare(names.topic, names.queue);
    await cluster.apply(namespaceManifest(namespace));
    const script = await readFile(join(import.meta.dirname, "app.ts"), "utf8");
    await cluster.apply([
      componentManifest(names, { amqpUrl: cluster.env.AMQP_URL }),
      store(namespace),
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: SOURCE, namespace }, data: { "app.ts": script } },
    ]);
    return new Scene(lab, namespace, await Pods.watch(lab.kube, { namespace, labelSelector: `app=${APP}` }));
  }

  /** A pod's template for a Deployment or a Job. */
  template({ env, mode, daps = {}, native = false, spec = {} }: TemplateOptions): object {
    const settings = mode === "alone" ? { enabled: "false" } : { ...mode.daps, ...daps };
    const variables = { PUBSUB, TOPIC: this.topic, DENO_DIR: "/tmp", ...env };
    return {
      metadata: {
        labels: { app: APP },
        annotations: {
          "dapr.io/enabled": "true",
          "dapr.io/app-id": APP,
          "dapr.io/app-port": "8080",
          ...native || (mode !== "alone" && mode.native) ? { "dapr.io/enable-native-sidecar": "true" } : {},
          ...Object.fromEntries(Object.entries(settings).map(([key, value]) => [`daps.io/${key}`, value])),
        },
      },
      spec: {
        terminationGracePeriodSeconds: GRACE_SECONDS,
        volumes: [{ name: "source", configMap: { name: SOURCE } }],
        containers: [{
          name: APP,
          image: this.#lab.image,
          imagePullPolicy: "IfNotPresent",
          command: ["deno", "run", "--allow-net", "--allow-env", "/source/app.ts"],
          ports: [{ containerPort: 8080 }],
          env: Object.entries(variables).map(([name, value]) => ({ name, value })),
          volumeMounts: [{ name: "source", mountPath: "/source" }],
          readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
          resources: { requests: { cpu: "20m", memory: "64Mi" } },
        }],
        ...spec,
      },
    };
  }

  async apply(manifest: object): Promise<void> {
    await this.#lab.cluster.apply({ ...manifest, metadata: { name: APP, namespace: this.namespace } });
  }

  /** How many messages have been published and confirmed. */
  async published(): Promise<number> {
    return (await this.#lab.broker.depth(this.queue)).ready;
  }

  /** Waits until the queue holds so many messages: the broker may show them later than it confirms them. */
  async publishedAll(count: number): Promise<void> {
    let seen = 0;
    await polled(async () => (seen = await this.published()) === count, () => `it holds ${seen}`, {
      what: `${this.queue} to hold ${count} messages`,
      timeoutMs: 10_000,
    });
  }

  async remove(): Promise<void> {
    await deleteNamespace(this.#lab, this.namespace, false);
    await this.#lab.broker.remove(this.topic, this.queue);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pods[Symbol.asyncDispose]();
  }
}

export const APP = "app";
export const GRACE_SECONDS = 60;
const SOURCE = "source";

/** State that lives as long as daprd: what counts is daprd's answer. */
function store(namespace: string): object {
  return {
    apiVersion: "dapr.io/v1alpha1",
    kind: "Component",
    metadata: { name: "store", namespace },
    spec: { type: "state.in-memory", version: "v1", metadata: [] },
  };
}
