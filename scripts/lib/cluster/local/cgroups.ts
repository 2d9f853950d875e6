/**
 * The cluster's own place in the machine's cgroups: the kubelet of one cluster would otherwise take the pods of another
 * for its own leftovers and end them.
 *
 * @module
 */
import { mkdir, readdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { Layout } from "./layout.ts";
import { until } from "./wait.ts";

const ROOT = "/sys/fs/cgroup";
const V2_CONTROLLERS = ["cpu", "cpuset", "memory", "pids"];

/** The cluster's folder in every hierarchy (cgroup v1), or the one folder there is (v2). */
async function folders(cgroup: string): Promise<string[]> {
  if (await isVersion2()) return [join(ROOT, cgroup)];
  const hierarchies = await readdir(ROOT, { withFileTypes: true });
  return hierarchies.filter((entry) => entry.isDirectory() && entry.name !== "unified")
    .map((entry) => join(ROOT, entry.name, cgroup));
}

async function isVersion2(): Promise<boolean> {
  return await stat(join(ROOT, "cgroup.controllers")).then(() => true, () => false);
}

export async function createCgroups({ cgroup }: Layout): Promise<void> {
  if (await isVersion2()) {
    await writeFile(join(ROOT, "cgroup.subtree_control"), V2_CONTROLLERS.map((name) => `+${name}`).join(" "));
  }
  for (const folder of await folders(cgroup)) {
    await mkdir(folder, { recursive: true });
    // A new cpuset of v1 is empty, and no process can be put into it.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const above = await readFile(join(folder, "..", file), "utf8").catch(() => undefined);
      if (above !== undefined) await writeFile(join(folder, file), above);
    }
  }
}

/** Ends every process in the cluster's containers and removes the cgroups. */
export async function deleteCgroups({ cgroup }: Layout): Promise<void> {
  for (const folder of await folders(cgroup)) {
    await until(`the processes of ${folder} to end`, async () => {
      const pids = await processes(folder);
      for (const pid of pids) end(pid);
      return pids.length === 0;
    });
    await remove(folder);
  }
}

async function processes(folder: string): Promise<number[]> {
  const text = await readFile(join(folder, "cgroup.procs"), "utf8").catch(() => "");
  const own = text.split("\n").filter((line) => line !== "").map(Number);
  return [...own, ...(await Promise.all((await children(folder)).map(processes))).flat()];
}

async function children(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

async function remove(folder: string): Promise<void> {
  for (const child of await children(folder)) await remove(child);
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
