/**
 * `daps status`: what the sidecars of running pods are doing.
 * @module
 */
import { errorMessage } from "../../host/log.ts";
import { EXIT, type ExitCode, type Terminal, UsageError } from "../terminal.ts";
import type { Cluster, ClusterOptions, SidecarPod } from "./cluster.ts";
import { asJson, asText, type Row } from "./print.ts";

export type StatusOptions = ClusterOptions & {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly json?: boolean;
};

/** How many sidecars are asked at once: each goes through the API server. */
const AT_ONCE = 16;

/**
 * A sidecar that does not answer is a row of its own.
 *
 * @param name of one pod; undefined: all that have DAPS
 * @throws {UsageError} when the cluster can't be asked, or the pod has no DAPS
 */
export async function status(
  name: string | undefined,
  options: StatusOptions,
  open: (options: ClusterOptions) => Cluster,
  terminal: Terminal,
): Promise<ExitCode> {
  if (options.allNamespaces && (options.namespace !== undefined || name !== undefined)) {
    throw new UsageError(
      `Cannot combine --all-namespaces with ${name === undefined ? "--namespace" : "a pod's name"}: choose one`,
    );
  }
  const cluster = open(options);
  const namespace = options.allNamespaces ? undefined : options.namespace ?? cluster.namespace;
  const pods = name === undefined ? await cluster.list(namespace) : [await one(cluster, namespace ?? "", name)];
  const rows = await askAll(cluster, pods);
  if (options.json) terminal.out(asJson(rows));
  else if (rows.length > 0) terminal.out(asText(rows, terminal.now()));
  else terminal.err(`No pods with DAPS in ${namespace === undefined ? "any namespace" : `namespace ${namespace}`}\n`);
  return rows.some(({ error }) => error !== null) ? EXIT.findings : EXIT.fine;
}

async function one(cluster: Cluster, namespace: string, name: string): Promise<SidecarPod> {
  const pod = await cluster.read(namespace, name);
  if (pod.injected) return pod;
  const why = pod.admission ?? "DAPS has not seen it, or it is not for Dapr";
  throw new UsageError([`Pod ${pod.namespace}/${pod.name} has no DAPS: ${why}`, ...pod.warnings].join("\n  "));
}

async function askAll(cluster: Cluster, pods: readonly SidecarPod[]): Promise<Row[]> {
  const rows: Row[] = [];
  let next = 0;
  const askNext = async (): Promise<void> => {
    for (let i = next++; i < pods.length; i = next++) rows[i] = await ask(cluster, pods[i] as SidecarPod);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  return rows;
}

async function ask(cluster: Cluster, pod: SidecarPod): Promise<Row> {
  if (pod.ended) return { pod, status: null, error: null };
  try {
    return { pod, status: await cluster.ask(pod), error: null };
  } catch (error) {
    return { pod, status: null, error: errorMessage(error) };
  }
}
