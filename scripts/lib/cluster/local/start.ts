/**
 * Starts a cluster's parts. It is a program of its own because it runs inside the cluster's namespace, where it can
 * reach them: `node start.ts NAME PLAN`.
 *
 * @module
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { elapsed, execute } from "../../toolchain/index.ts";
import {
  apiServerReady,
  nodeReady,
  startApiServer,
  startControllerManager,
  startEtcd,
  startScheduler,
} from "./control-plane.ts";
import { type Layout, layout } from "./layout.ts";
import { importImage, startContainerd, startKubelet, startKubeProxy } from "./node.ts";
import { recordPart } from "./parts.ts";
import { rabbitmqReady, startRabbitmq } from "./rabbitmq.ts";

export interface Plan {
  /** The folder of the Kubernetes programs. */
  kubernetes: string;
  /** Archives that the node cannot do without. */
  images: string[];
}

const MANIFEST = join(import.meta.dirname, "../manifests/coredns.yaml");

async function start(cluster: Layout, { kubernetes, images }: Plan): Promise<void> {
  await mkdir(cluster.config, { recursive: true });
  const begin = performance.now();
  const note = (what: string) => process.stderr.write(`  ${elapsed(begin).padStart(6)}  ${what}\n`);

  // If whoever asked for the cluster is killed, this program goes on: what removes the cluster has to end it first.
  await recordPart(cluster, "start", process.pid);
  const etcd = await startEtcd(cluster);
  const apiServer = await startApiServer(cluster, kubernetes);
  const broker = startRabbitmq(cluster).then(async (rabbitmq) => {
    await Promise.race([rabbitmqReady(), rabbitmq.failed]);
    note("RabbitMQ ready");
  });
  const runtime = startContainerd(cluster).then(async (containerd) => {
    for (const tar of images) await importImage(cluster, tar);
    note("containerd ready, images imported");
    return containerd;
  });
  const kubectl = (...args: string[]) =>
    execute(join(kubernetes, "kubectl"), ["--kubeconfig", cluster.kubeconfig, ...args]);

  await Promise.race([apiServerReady(cluster), etcd.failed, apiServer.failed]);
  note("API server ready");
  const parts = await Promise.all([
    startControllerManager(cluster, kubernetes),
    startScheduler(cluster, kubernetes),
    startKubeProxy(cluster, kubernetes),
    runtime.then(() => startKubelet(cluster, kubernetes)),
  ]);
  const ready = async () => {
    await Promise.all([kubectl("apply", "--server-side", "-f", MANIFEST), nodeReady(cluster)]);
    note("node ready");
    await kubectl("rollout", "status", "deployment/coredns", "-n", "kube-system", "--timeout=180s");
    note("CoreDNS ready");
  };
  await Promise.race([Promise.all([ready(), broker]), ...parts.map((part) => part.failed)]);
}

const [name = "", plan = "{}"] = process.argv.slice(2);
try {
  await start(layout(name), JSON.parse(plan) as Plan);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
