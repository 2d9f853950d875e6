/**
 * A cluster of local processes in a network namespace.
 *
 * @module
 */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import {
  ensureDebianPackages,
  ensureHelm,
  ensureProgram,
  execute,
  exists,
  progress,
  withLock,
} from "../../toolchain/index.ts";
import { corednsArchive, pauseArchive } from "../images/index.ts";
import type { ClusterEnvironment, PartStatus, Provider } from "../provider.ts";
import { createCgroups } from "./cgroups.ts";
import { AMQP_URL, layout, RABBITMQ_API } from "./layout.ts";
import { createNamespace, enter, isInside } from "./network.ts";
import { importImage } from "./node.ts";
import { killPart, listParts } from "./parts.ts";
import { createPki } from "./pki.ts";
import { restartRabbitmq } from "./rabbitmq.ts";
import type { Plan } from "./start.ts";
import { teardown } from "./teardown.ts";

const PACKAGES = [
  ...["etcd-server", "containerd", "runc", "containernetworking-plugins", "rabbitmq-server"],
  ...["nftables", "iptables", "conntrack", "ipset", "iproute2", "procps", "openssl", "buildah", "unzip"],
];
const PARTS = [
  ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
  ...["containerd", "kubelet", "kube-proxy", "epmd", "rabbitmq"],
];

export function localProvider(name: string): Provider {
  const cluster = layout(name);

  async function up(): Promise<void> {
    if (process.getuid?.() !== 0) throw new Error(`Cannot start the cluster as this takes root: received ${name}`);
    await ensureDebianPackages(PACKAGES);
    const [kubernetes, helm] = [await ensureProgram("kubernetes"), await ensureHelm()];
    const plan: Plan = { kubernetes, images: [await pauseArchive(), await corednsArchive()] };
    await withLock(cluster.lock, async () => {
      if (await isUp()) return;
      if (await exists(cluster.state) || await exists(cluster.namespaceFile)) {
        await progress(`removing what is left of ${name}`, () => teardown(cluster));
      }
      await progress(`starting the cluster ${name}`, async () => {
        await mkdir(cluster.bin, { recursive: true });
        await Promise.all([
          createPki(cluster),
          createNamespace(cluster),
          createCgroups(cluster),
          symlink(join(kubernetes, "kubectl"), join(cluster.bin, "kubectl")),
          symlink(join(helm, "helm"), join(cluster.bin, "helm")),
        ]);
        const ctr = `#!/bin/sh\nexec /usr/bin/ctr --address ${cluster.socket} --namespace k8s.io "$@"\n`;
        await writeFile(join(cluster.bin, "ctr"), ctr, { mode: 0o755 });
        const [command = "", ...args] = enter(cluster);
        const program = [process.execPath, ...process.execArgv, join(import.meta.dirname, "start.ts")];
        const started = await execute(command, [...args, ...program, name, JSON.stringify(plan)], {
          inherit: true,
          allowFailure: true,
        });
        if (started.code !== 0) {
          throw new Error(`Cannot start the cluster, see above and the logs of its parts: received ${cluster.logs}`);
        }
        await writeFile(join(cluster.state, "up"), "");
      });
    });
  }

  async function down(): Promise<void> {
    await withLock(cluster.lock, async () => {
      // Even without its files there may be a namespace or a cgroup of it.
      if (!await exists(cluster.state)) await teardown(cluster);
      else await progress(`removing the cluster ${name}`, () => teardown(cluster));
    });
  }

  async function isUp(): Promise<boolean> {
    const parts = await status();
    return parts.length > 0 && parts.every((part) => part.alive);
  }

  async function status(): Promise<PartStatus[]> {
    if (!await exists(cluster.state)) return [];
    const recorded = await listParts(cluster);
    const parts: PartStatus[] = PARTS.map((part) => {
      const found = recorded.find(({ name }) => name === part);
      const detail = found ? `pid ${found.pid}` : "not started";
      return { name: part, alive: found?.alive ?? false, detail, ...found?.alive ? { pid: found.pid } : {} };
    });
    const started = await exists(join(cluster.state, "up"));
    return [
      { name: "network namespace", alive: await exists(cluster.namespaceFile), detail: cluster.namespace },
      ...parts,
      { name: "start", alive: started, detail: started ? "finished" : "not finished" },
    ];
  }

  return {
    name: "local",
    up,
    status,
    down,
    environment: () =>
      Promise.resolve<ClusterEnvironment>({
        DAPS_CLUSTER: name,
        DAPS_CLUSTER_PROVIDER: "local",
        KUBECONFIG: cluster.kubeconfig,
        AMQP_URL,
        RABBITMQ_API,
      }),
    path: () => [cluster.bin],
    enter: async () => await isInside(cluster) ? [] : enter(cluster),
    loadImage: async (tar) => {
      if (!await exists(tar)) throw new Error(`Cannot load an image as there is no such file: received ${tar}`);
      if (!await exists(cluster.socket)) {
        throw new Error(`Cannot load an image into the cluster as it is not up: received ${name}`);
      }
      await importImage(cluster, tar);
    },
    stopBroker: () => killPart(cluster, "rabbitmq"),
    startBroker: async () => {
      if (!await isInside(cluster)) {
        throw new Error(`Cannot start RabbitMQ from outside of the cluster's network: received ${name}`);
      }
      await restartRabbitmq(cluster);
    },
  };
}
