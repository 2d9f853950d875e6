/**
 * The cluster that kubectl would talk to. The only module of the CLI that loads the Kubernetes client.
 *
 * It logs in with client certificates on Deno too: seen with Deno 2.9.6 and the client's 2.0.1, which brings its own HTTP
 * over `node:tls`; Deno's fetch could not (denoland/deno#26472). A private key with a passphrase works on neither
 * runtime, nor with kubectl.
 * @module
 */
import {
  ApiException,
  type ConfigurationOptions,
  CoreV1Api,
  KubeConfig,
  Observable,
  type V1Pod,
} from "@kubernetes/client-node";
import { INJECTED_LABEL } from "../../core/admission/admit.ts";
import { ADMIN_PORT } from "../../core/ports.ts";
import { OWN_ANNOTATIONS } from "../../core/settings.ts";
import type { Status } from "../../core/status.ts";
import { errorMessage } from "../../host/log.ts";
import { isRecord } from "../manifest/documents.ts";
import { UsageError } from "../terminal.ts";
import { readStatus } from "./answer.ts";

/** Pods that one answer of the API server may hold. */
const PAGE = 500;
/** How long the API server may take, for a list and for the way to one sidecar and back. */
const TIMEOUT_MS = 10_000;

export type ClusterOptions = {
  /** Undefined: as kubectl finds it, by KUBECONFIG, the home folder or the pod's service account. */
  readonly kubeconfig?: string;
  readonly context?: string;
};

/** What `daps status` needs to know of a pod. */
export type SidecarPod = {
  readonly namespace: string;
  readonly name: string;
  /** Whether it carries the label of an injected pod. */
  readonly injected: boolean;
  /** Whether all its containers have ended: nobody answers there. */
  readonly ended: boolean;
  /** What admission recorded: `injected`, or why not. */
  readonly admission: string | null;
  readonly warnings: readonly string[];
};

export interface Cluster {
  /** The namespace of the context. */
  readonly namespace: string;
  /**
   * Pods with DAPS; undefined: of all namespaces
   *
   * @throws {UsageError} when the API server does not answer or refuses
   */
  list(namespace: string | undefined): Promise<readonly SidecarPod[]>;
  /** @throws {UsageError} as `list`, and when there is no such pod */
  read(namespace: string, name: string): Promise<SidecarPod>;
  /** @throws {Error} saying why there is no status */
  ask(pod: SidecarPod): Promise<Status>;
}

/** @throws {UsageError} for a kubeconfig or a context that can't be used */
export function openCluster(options: ClusterOptions): Cluster {
  const config = readKubeConfig(options);
  const api = config.makeApiClient(CoreV1Api);
  const context = config.getContextObject(config.getCurrentContext());

  const asked = async <T>(what: string, answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw new UsageError(`Cannot ${what} at ${config.getCurrentCluster()?.server}: ${apiMessage(error)}`);
    }
  };

  return {
    namespace: context?.namespace ?? "default",

    async list(namespace) {
      const pods: V1Pod[] = [];
      let next: string | undefined;
      do {
        const page = { labelSelector: `${INJECTED_LABEL}=true`, limit: PAGE, ...(next && { _continue: next }) };
        const answer = await asked(
          "list pods",
          namespace === undefined
            ? api.listPodForAllNamespaces(page, timeLimit())
            : api.listNamespacedPod({ namespace, ...page }, timeLimit()),
        );
        pods.push(...answer.items);
        next = answer.metadata?._continue;
      } while (next);
      return pods.map(sidecarPod);
    },

    async read(namespace, name) {
      return sidecarPod(await asked("read the pod", api.readNamespacedPod({ namespace, name }, timeLimit())));
    },

    async ask({ namespace, name }) {
      try {
        const path = { namespace, name: `${name}:${ADMIN_PORT}`, path: "status" };
        return readStatus(await api.connectGetNamespacedPodProxyWithPath(path, timeLimit()));
      } catch (error) {
        throw new Error(apiMessage(error), { cause: error });
      }
    },
  };
}

/** What the client takes when it finds nothing (its `config.ts`: loadFromDefault). */
const FALLBACK = { name: "cluster", server: "http://localhost:8080" } as const;

function readKubeConfig({ kubeconfig, context }: ClusterOptions): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    throw new UsageError(`Cannot read the kubeconfig${kubeconfig ? ` ${kubeconfig}` : ""}: ${errorMessage(error)}`);
  }
  if (context !== undefined) {
    const names = config.getContexts().map(({ name }) => name);
    if (!names.includes(context)) {
      throw new UsageError(
        `Cannot use --context: accepted is one of ${names.join(", ") || "none"}; received ${JSON.stringify(context)}`,
      );
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster?.name === FALLBACK.name && cluster.server === FALLBACK.server) {
    throw new UsageError("Cannot find a cluster: there is no kubeconfig, neither in KUBECONFIG nor in ~/.kube/config");
  }
  if (!cluster) {
    throw new UsageError(
      `Cannot find the cluster of context ${JSON.stringify(config.getCurrentContext() ?? "")} in the kubeconfig`,
    );
  }
  return config;
}

// The client has no time-out of its own, only the signal of a request.
function timeLimit(): ConfigurationOptions {
  return {
    middleware: [{
      pre(request) {
        request.setSignal(AbortSignal.timeout(TIMEOUT_MS));
        return new Observable(Promise.resolve(request));
      },
      post: (response) => new Observable(Promise.resolve(response)),
    }],
    middlewareMergeStrategy: "append",
  };
}

function sidecarPod({ metadata, status }: V1Pod): SidecarPod {
  const { labels = {}, annotations = {} } = metadata ?? {};
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    injected: labels[INJECTED_LABEL] === "true",
    ended: status?.phase === "Succeeded" || status?.phase === "Failed",
    admission: annotations[OWN_ANNOTATIONS.status] ?? null,
    warnings: annotations[OWN_ANNOTATIONS.warnings]?.split("\n").filter((line) => line !== "") ?? [],
  };
}

/** What the API server, or the way to it, has to say; one line. */
function apiMessage(error: unknown): string {
  if (error instanceof ApiException) {
    let body: unknown = error.body;
    try {
      if (typeof body === "string") body = JSON.parse(body);
    } catch {
      // Not from the API server itself: a proxy on the way, or the sidecar.
    }
    const message = isRecord(body) ? body["message"] : body;
    return `${error.code} ${typeof message === "string" ? message.trim().split("\n")[0] : ""}`.trim();
  }
  if (error instanceof DOMException && error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1000}s`;
  const cause = error instanceof Error ? error.cause : undefined;
  return `${errorMessage(error)}${cause === undefined ? "" : `: ${errorMessage(cause)}`}`.split("\n")[0] ?? "";
}
