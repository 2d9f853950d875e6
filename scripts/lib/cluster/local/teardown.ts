/**
 * Removes whatever there is of a cluster: a living one, a half-started one, or what a killed one left.
 *
 * @module
 */
import { readdir, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { execute } from "../../toolchain/index.ts";
import { deleteCgroups } from "./cgroups.ts";
import type { Layout } from "./layout.ts";
import { deleteNamespace } from "./network.ts";
import { endParts } from "./parts.ts";
import { until } from "./wait.ts";

export async function teardown(layout: Layout): Promise<void> {
  await endParts(layout);
  await endShims(layout);
  await removeShimSockets(layout);
  await deleteCgroups(layout);
  await unmountBelow(layout.state);
  await deleteNamespace(layout);
  await rm(layout.state, { recursive: true, force: true });
  await removeTraces(layout);
}

/** Shims outlive containerd on purpose, and nobody has recorded them: they are known by the socket they report to. */
async function endShims({ socket }: Layout): Promise<void> {
  await until("containerd's shims to end", async () => {
    const shims = await shimsOf(socket);
    for (const pid of shims) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    return shims.length === 0;
  });
}

async function shimsOf(socket: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(async (pid) => {
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    const isShim = words[0]?.endsWith("containerd-shim-runc-v2") && words[words.indexOf("-address") + 1] === socket;
    return isShim ? Number(pid) : undefined;
  }));
  return found.filter((pid) => pid !== undefined);
}

async function unmountBelow(folder: string): Promise<void> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const points = lines.map((line) => line.split(" ")[4] ?? "").filter((point) => point.startsWith(`${folder}/`));
  // What was mounted last lies on top.
  for (const point of points.reverse()) await execute("umount", ["--lazy", point], { allowFailure: true });
}

/** Shims listen in a folder that containerd does not let one choose, under names that only their own files tell. */
async function removeShimSockets({ state }: Layout): Promise<void> {
  const tasks = join(state, "containerd/state/io.containerd.runtime.v2.task/k8s.io");
  for (const task of await readdir(tasks).catch(() => [])) {
    const address = await readFile(join(tasks, task, "address"), "utf8").catch(() => "");
    if (address.startsWith("unix://")) await rm(address.trim().slice("unix://".length), { force: true });
  }
}

/** Two folders that neither the kubelet nor the CNI library lets one choose. */
async function removeTraces({ state, namespace }: Layout): Promise<void> {
  const results = "/var/lib/cni/results";
  const ours = new RegExp(`^${namespace}-[0-9a-f]{64}-`);
  for (const file of await readdir(results).catch(() => [])) {
    if (ours.test(file)) await rm(join(results, file), { force: true });
  }
  const logs = "/var/log/containers";
  for (const file of await readdir(logs, { withFileTypes: true }).catch(() => [])) {
    const path = join(logs, file.name);
    const target = file.isSymbolicLink() ? await readlink(path).catch(() => "") : "";
    if (target.startsWith(`${state}/`)) await rm(path, { force: true });
  }
}
