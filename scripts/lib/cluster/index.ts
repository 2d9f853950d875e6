/**
 * A Kubernetes cluster with RabbitMQ, for scripts and tests.
 *
 * ```ts
 * const cluster = await openCluster();
 * await cluster.kubectl(["apply", "-f", "-"], { input: manifest });
 * ```
 *
 * It works from outside the cluster's network as well as from inside, as under `./scripts/cluster run -- …`.
 *
 * @module
 */
import process from "node:process";
import { execute, type ExecuteOptions, type Output } from "../toolchain/index.ts";
import { kindProvider } from "./kind.ts";
import { localProvider } from "./local/provider.ts";
import {
  type ClusterEnvironment,
  type PartStatus,
  type Provider,
  providerInUse,
  type ProviderName,
} from "./provider.ts";

export type { ClusterEnvironment, PartStatus, ProviderName } from "./provider.ts";
export type RunOptions = ExecuteOptions;

export interface Cluster {
  name: string;
  provider: ProviderName;
  env: ClusterEnvironment;
  /** Starts the cluster, unless it is up. */
  up(): Promise<void>;
  down(): Promise<void>;
  /** The parts that the cluster is made of; none if there is no such cluster. */
  status(): Promise<PartStatus[]>;
  /** The command, with what has to come before it, that runs in reach of the cluster. `variables` go with it. */
  command(command: string[]): Promise<string[]>;
  /** What a command in reach of the cluster finds in its environment, the PATH among it. */
  variables: Record<string, string>;
  /** Runs a program in reach of the cluster. Throws a `ProcessError` when it fails, unless `allowFailure` is set. */
  run(command: string, args: string[], options?: RunOptions): Promise<Output>;
  /** Gives the standard output of kubectl. */
  kubectl(args: string[], options?: RunOptions): Promise<string>;
  /** Gives an object, or a list of objects, that kubectl found. */
  get<T>(args: string[], options?: RunOptions): Promise<T>;
  /** Applies manifests, given as YAML or as objects, on the server's side. */
  apply(manifests: string | object | object[], options?: RunOptions): Promise<string>;
  /** Gives the standard output of Helm. */
  helm(args: string[], options?: RunOptions): Promise<string>;
  /** Makes the image of a docker-archive known to the node. */
  loadImage(tar: string): Promise<void>;
  /** Kills RabbitMQ, whose data stay. */
  stopBroker(): Promise<void>;
  /** Starts RabbitMQ again, from within reach of the cluster, and waits until it is ready. */
  startBroker(): Promise<void>;
}

/** The cluster of a name, which may be up or not. By default it is the one that this program runs in. */
export async function openCluster(name?: string, provider?: ProviderName): Promise<Cluster> {
  const chosen = name ?? (process.env["DAPS_CLUSTER"] || "daps");
  if (!/^[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?$/.test(chosen)) {
    throw new TypeError(
      `Cannot name a cluster so, as up to 30 lower-case letters, digits and inner hyphens make a name: received ${chosen}`,
    );
  }
  const of = (provider ?? providerInUse()) === "kind" ? kindProvider : localProvider;
  return await open(of(chosen), chosen);
}

async function open(provider: Provider, name: string): Promise<Cluster> {
  const env = await provider.environment();
  const variables = { ...env, PATH: [...provider.path(), process.env["PATH"]].join(":") };
  const command = async (words: string[]) => [...await provider.enter(), ...words];

  async function run(program: string, args: string[], options: RunOptions = {}): Promise<Output> {
    const [first = program, ...rest] = await command([program, ...args]);
    return await execute(first, rest, { ...options, env: { ...variables, ...options.env } });
  }
  const kubectl: Cluster["kubectl"] = async (args, options) => (await run("kubectl", args, options)).stdout.trimEnd();

  return {
    name,
    provider: provider.name,
    env,
    variables,
    up: async () => {
      await provider.up();
      // Where RabbitMQ is may be known only now.
      Object.assign(env, await provider.environment());
      Object.assign(variables, env);
    },
    down: () => provider.down(),
    status: () => provider.status(),
    command,
    run,
    kubectl,
    get: async <T>(args: string[], options?: RunOptions) =>
      JSON.parse(await kubectl(["get", ...args, "--output=json"], options)) as T,
    apply: async (manifests, options) => {
      const list = Array.isArray(manifests) ? { apiVersion: "v1", kind: "List", items: manifests } : manifests;
      const input = typeof list === "string" ? list : JSON.stringify(list);
      return await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { ...options, input });
    },
    helm: async (args, options) => (await run("helm", args, options)).stdout.trimEnd(),
    loadImage: (tar) => provider.loadImage(tar),
    stopBroker: () => provider.stopBroker(),
    startBroker: () => provider.startBroker(),
  };
}
