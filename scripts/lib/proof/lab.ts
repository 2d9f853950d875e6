/**
 * A cluster ready for workers: its broker, its API and an address of this process that pods reach.
 *
 * @module
 */
import { connect } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { denoBaseArchive, denoBaseImage } from "../cluster/images/index.ts";
import { type Cluster, openCluster } from "../cluster/index.ts";
import { type GrpcWorker, grpcWorkerScript, type Script, workerScript } from "../worker/script.ts";
import { Broker } from "./broker.ts";

export interface Lab extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly broker: Broker;
  /** For @kubernetes/client-node. */
  readonly kube: KubeConfig;
  /** Where pods reach what this process listens on. */
  readonly host: string;
  /** Runs Deno; the node has it. */
  readonly image: string;
  readonly script: Script;
  /** Of a worker that speaks gRPC; made when it is first asked for. */
  readonly grpcScript: (kind: GrpcWorker) => Promise<Script>;
}

/**
 * Opens the cluster of a name, by default the one that this process runs in. It must be up, and this process within
 * its network (under `./scripts/cluster run`, say).
 */
export async function openLab(name?: string): Promise<Lab> {
  const cluster = await openCluster(name);
  const [image, script, host] = await Promise.all([
    loadWorkerImage(cluster),
    workerScript(),
    ownAddress(cluster.env.AMQP_URL),
  ]);
  const kube = new KubeConfig();
  kube.loadFromFile(cluster.env.KUBECONFIG);
  const broker = await Broker.connect(cluster.env);
  const grpc = new Map<GrpcWorker, Promise<Script>>();
  const grpcScript = (kind: GrpcWorker) => {
    const made = grpc.get(kind) ?? grpcWorkerScript(kind);
    grpc.set(kind, made);
    return made;
  };
  const end = () => broker[Symbol.asyncDispose]();
  return { cluster, broker, kube, host, image, script, grpcScript, [Symbol.asyncDispose]: end };
}

/** The worker is some files in a ConfigMap, so that its image is Deno's alone. */
async function loadWorkerImage(cluster: Cluster): Promise<string> {
  if (cluster.provider === "kind") return `denoland/deno:${(await denoBaseImage()).split(":").at(-1)}`;
  await cluster.loadImage(await denoBaseArchive());
  return await denoBaseImage();
}

/** The address from which this process reaches the broker is one that the broker's peers, the pods, reach too. */
async function ownAddress(amqpUrl: string): Promise<string> {
  const { hostname, port } = new URL(amqpUrl);
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port || 5672), hostname, () => {
      resolve(socket.localAddress ?? hostname);
      socket.destroy();
    });
    socket.once("error", (cause) => {
      reject(
        new Error(
          `Cannot reach the cluster's broker at ${hostname}: the cluster must be up and this process in its network`,
          { cause },
        ),
      );
    });
  });
}

/**
 * Removes a namespace and all in it, if it is there. Its pods get no time: nobody waits for their work any more.
 *
 * @param wait whether until it is gone
 */
export async function deleteNamespace({ cluster }: Lab, namespace: string, wait: boolean): Promise<void> {
  const found = await cluster.kubectl(["get", "namespace", namespace, "--ignore-not-found", "--output=name"]);
  if (found === "") return;
  const all = ["--all", `--namespace=${namespace}`, "--wait=false"];
  await cluster.kubectl(["delete", "deployments", ...all, "--cascade=orphan"]);
  await cluster.kubectl(["delete", "replicasets", ...all, "--cascade=orphan"]);
  await cluster.kubectl(["delete", "pods", ...all, "--force", "--grace-period=0"]);
  await cluster.kubectl(["delete", "namespace", namespace, "--ignore-not-found", `--wait=${wait}`, "--timeout=120s"]);
}
