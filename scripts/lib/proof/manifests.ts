/**
 * What a worker is in Kubernetes: a Deployment under Dapr, the pub/sub component and the subscription.
 *
 * @module
 */
import type { Script } from "../worker/script.ts";

/** A worker's names; they are its topic's and its queue's too, so that workers do not meet. */
export interface WorkerNames {
  readonly namespace: string;
  /** Dapr's app id, and the name of the Deployment. */
  readonly app: string;
  readonly topic: string;
  /** As Dapr's component names it: `<app id>-<topic>`. */
  readonly queue: string;
}

export function workerNames(namespace: string, app: string): WorkerNames {
  const topic = `${namespace}-${app}`;
  return { namespace, app, topic, queue: `${app}-${topic}` };
}

export interface ComponentOptions {
  readonly amqpUrl: string;
  /** 0: unlimited, which is Dapr's default. Default 10. */
  readonly prefetch?: number;
  /** Other fields of the component's metadata, or other values than those used here. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface WorkerOptions {
  readonly image: string;
  readonly ledgerUrl: string;
  /** The options of worker.ts. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default 2. */
  readonly replicas?: number;
  /** How many, or how much of it, a rollout may do without: a number or a percentage. Default 0. */
  readonly maxUnavailable?: string;
  /** Default `Deployment`. */
  readonly kind?: "Deployment" | "StatefulSet";
  /** Default 60. */
  readonly gracePeriodSeconds?: number;
  /** Annotations `daps.io/…` without their prefix; false: without DAPS. */
  readonly daps: Readonly<Record<string, string>> | false;
  /** daprd as a native sidecar. Default false. */
  readonly native?: boolean;
  /** Annotations `dapr.io/…` without their prefix, besides those that are set here or instead of them. */
  readonly dapr?: Readonly<Record<string, string>>;
  /** Whether the app container has a readinessProbe on its ready path. Default true. */
  readonly readinessProbe?: boolean;
  /** Whether the worker speaks gRPC. Then its `/healthz` is the gRPC health check. */
  readonly grpc?: boolean;
  /**
   * How the worker has its messages: by a subscription that is a resource, by one that is its answer to
   * `GET /dapr/subscribe`, by an input binding, or by a stream that it opens, past its port. Default `declarative`.
   */
  readonly subscribe?: "declarative" | "programmatic" | "binding" | "streaming" | "none";
  /** Where Dapr puts what it can't deliver. Default: nowhere. */
  readonly deadLetterTopic?: string;
  /** Fields of the subscription's spec besides those that are set here. */
  readonly subscription?: Readonly<Record<string, unknown>>;
  /** Changes the pod's spec last; for what only one test needs. */
  readonly spec?: (spec: PodSpec) => void;
}

/** As far as it is used here. */
export interface PodSpec {
  [field: string]: unknown;
  containers: (Record<string, unknown> & { name: string })[];
}

export const WORKER_PORT = 8080;
export const READY_PATH = "/healthz";
export const PUBSUB = "pubsub";
/** The name of an input binding is its route too. */
const BINDING = "work";
const ROUTE = `/${BINDING}`;
const SCRIPT = "worker-script";

export function namespaceManifest(name: string): object {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

/** RabbitMQ as Dapr has it by default, but for a queue that outlives its consumers and the prefetch count. */
export function componentManifest(names: WorkerNames, options: ComponentOptions): object {
  return component(names, PUBSUB, "pubsub.rabbitmq", {
    connectionString: options.amqpUrl,
    durable: "true",
    deletedWhenUnused: "false",
    prefetchCount: String(options.prefetch ?? 10),
    ...options.metadata,
  });
}

/** The same queue as the worker's topic fills, for an input binding. */
export function bindingManifest(names: WorkerNames, options: ComponentOptions): object {
  return component(names, BINDING, "bindings.rabbitmq", {
    host: options.amqpUrl,
    queueName: names.queue,
    durable: "true",
    deleteWhenUnused: "false",
    prefetchCount: String(options.prefetch ?? 10),
    ...options.metadata,
  });
}

function component({ namespace }: WorkerNames, name: string, type: string, metadata: Record<string, string>): object {
  return {
    apiVersion: "dapr.io/v1alpha1",
    kind: "Component",
    metadata: { name, namespace },
    spec: { type, version: "v1", metadata: Object.entries(metadata).map(([key, value]) => ({ name: key, value })) },
  };
}

export function subscriptionManifest(
  { namespace, app, topic }: WorkerNames,
  { deadLetterTopic, subscription }: Pick<WorkerOptions, "deadLetterTopic" | "subscription"> = {},
): object {
  return {
    apiVersion: "dapr.io/v2alpha1",
    kind: "Subscription",
    metadata: { name: app, namespace },
    scopes: [app],
    spec: {
      ...{ pubsubname: PUBSUB, topic, routes: { default: ROUTE } },
      ...deadLetterTopic ? { deadLetterTopic } : {},
      ...subscription,
    },
  };
}

/** The Deployment (or StatefulSet) and what it needs, but the namespace and the component. */
export function workerManifests(names: WorkerNames, script: Script, options: WorkerOptions): object[] {
  const { namespace, app } = names;
  const config = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `${app}-${SCRIPT}`, namespace },
    data: script.files,
  };
  const declarative = (options.subscribe ?? "declarative") === "declarative";
  return [
    config,
    ...declarative ? [subscriptionManifest(names, options)] : [],
    workload(names, script, options),
  ];
}

function workload(names: WorkerNames, script: Script, options: WorkerOptions): object {
  const { namespace, app } = names;
  const spec = podSpec(names, script, options);
  options.spec?.(spec);
  const maxUnavailable = /^\d+$/.test(options.maxUnavailable ?? "0")
    ? Number(options.maxUnavailable ?? 0)
    : options.maxUnavailable;
  return {
    apiVersion: "apps/v1",
    kind: options.kind ?? "Deployment",
    metadata: { name: app, namespace },
    spec: {
      replicas: options.replicas ?? 2,
      selector: { matchLabels: { app } },
      ...options.kind === "StatefulSet" ? { serviceName: app } : {
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: maxUnavailable === 0 ? 1 : 0, maxUnavailable } },
      },
      template: { metadata: { labels: { app }, annotations: annotations(app, options) }, spec },
    },
  };
}

function annotations(app: string, { daps, dapr, native, grpc, subscribe }: WorkerOptions): Record<string, string> {
  const prefixed = (prefix: string, values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]));
  return {
    "dapr.io/enabled": "true",
    "dapr.io/app-id": app,
    // Dapr need not know a port that it never calls; DAPS asks there whether the app is busy.
    [subscribe === "streaming" ? "daps.io/app-port" : "dapr.io/app-port"]: String(WORKER_PORT),
    ...native ? { "dapr.io/enable-native-sidecar": "true" } : {},
    ...grpc ? { "dapr.io/app-protocol": "grpc" } : {},
    ...prefixed("dapr.io/", dapr ?? {}),
    ...prefixed("daps.io/", daps === false ? { enabled: "false" } : daps),
  };
}

function podSpec({ app, topic }: WorkerNames, script: Script, options: WorkerOptions): PodSpec {
  const env = {
    PORT: String(WORKER_PORT),
    LEDGER_URL: options.ledgerUrl,
    READY_PATH,
    ROUTE,
    ...options.subscribe === "binding" ? { BINDING_ROUTE: ROUTE } : {},
    ...["programmatic", "streaming"].includes(options.subscribe ?? "") ? { SUBSCRIBE: `${PUBSUB}/${topic}` } : {},
    // What Deno would keep for the next start is lost with the container.
    DENO_DIR: "/tmp",
    ...options.env,
  };
  const check = options.grpc ? { grpc: { port: WORKER_PORT } } : { httpGet: { path: READY_PATH, port: WORKER_PORT } };
  const probe = { ...check, periodSeconds: 1 };
  return {
    terminationGracePeriodSeconds: options.gracePeriodSeconds ?? 60,
    volumes: [{ name: "script", configMap: { name: `${app}-${SCRIPT}` } }],
    containers: [{
      name: "app",
      image: options.image,
      imagePullPolicy: "IfNotPresent",
      command: ["deno", "run", "--allow-net", "--allow-env", `/app/${script.main}`],
      ports: [{ containerPort: WORKER_PORT }],
      env: [
        { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        ...Object.entries(env).map(([name, value]) => ({ name, value })),
      ],
      volumeMounts: [{ name: "script", mountPath: "/app" }],
      ...options.readinessProbe ?? true ? { readinessProbe: probe } : {},
      resources: { requests: { cpu: "20m", memory: "64Mi" } },
    }],
  };
}
