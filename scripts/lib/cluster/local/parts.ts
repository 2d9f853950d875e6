/**
 * The long-running processes that a cluster is made of, recorded so that another process can find and end them.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import type { Layout } from "./layout.ts";
import { until } from "./wait.ts";

/** What tells a process from a later one that got the same pid. */
interface Record {
  pid: number;
  /** In clock ticks since the machine's start. */
  started: string;
  boot: string;
}

export interface Part {
  name: string;
  pid: number;
  alive: boolean;
}

export interface Started {
  /** Rejects when the process ends, with the end of what it logged. */
  failed: Promise<never>;
}

/** Starts a process that outlives this one. It leads a process group, so what it starts ends with it. */
export async function startPart(
  layout: Layout,
  name: string,
  command: string,
  args: string[],
  env: { [name: string]: string } = {},
): Promise<Started> {
  await mkdir(layout.logs, { recursive: true });
  const logFile = join(layout.logs, `${name}.log`);
  const log = openSync(logFile, "a");
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, ...env },
    cwd: "/",
  });
  closeSync(log);
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      void readFile(logFile, "utf8").then((text) => {
        const said = text.trimEnd().split("\n").slice(-15).join("\n");
        reject(new Error(`Cannot go on as ${name} ended (${signal ?? `exit code ${code}`}): ${said}`));
      });
    });
  });
  // Whoever awaits something else meanwhile races it against this; nobody may be awaiting it right now.
  failed.catch(() => {});
  child.unref();
  if (child.pid !== undefined) await recordPart(layout, name, child.pid);
  return { failed };
}

/** Makes a process one of those that end with the cluster. */
export async function recordPart({ parts }: Layout, name: string, pid: number): Promise<void> {
  await mkdir(parts, { recursive: true });
  const record: Record = { pid, started: await startTime(pid) ?? "", boot: await bootId() };
  await writeFile(join(parts, `${name}.json`), JSON.stringify(record));
}

/** The recorded parts; none if there is no cluster. */
export async function listParts({ parts }: Layout): Promise<Part[]> {
  const files = (await readdir(parts).catch(() => [])).filter((file) => file.endsWith(".json")).sort();
  return await Promise.all(files.map(async (file) => {
    const record = JSON.parse(await readFile(join(parts, file), "utf8")) as Record;
    return { name: basename(file, ".json"), pid: record.pid, alive: await isAlive(record) };
  }));
}

/** Kills a part, with what it has started, and waits until it is gone. It stays one of the cluster's parts. */
export async function killPart(layout: Layout, name: string): Promise<void> {
  const find = async () => (await listParts(layout)).find((part) => part.name === name && part.alive);
  const part = await find();
  if (part === undefined) throw new Error(`Cannot kill a part that does not live: received ${name}`);
  process.kill(-part.pid, "SIGKILL");
  await until(`${name} to end`, async () => await find() === undefined);
}

/**
 * Ends all parts and waits until they are gone. They get no chance to clean up: all that they would put in order is
 * about to be removed, and the API server alone would take many seconds for it.
 */
export async function endParts(layout: Layout): Promise<void> {
  await until("the parts to end", async () => {
    const living = (await listParts(layout)).filter((part) => part.alive);
    for (const { pid } of living) {
      // The group, if it leads one.
      for (const target of [-pid, pid]) {
        try {
          process.kill(target, "SIGKILL");
        } catch {
          // It ended meanwhile.
        }
      }
    }
    return living.length === 0;
  });
  await rm(layout.parts, { recursive: true, force: true });
}

async function isAlive({ pid, started, boot }: Record): Promise<boolean> {
  return boot === await bootId() && started === await startTime(pid);
}

async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

/** Undefined for a process that has ended, be it waited for or not. */
async function startTime(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is the program's name, in which spaces and brackets may occur; the third one is the state.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || fields[0] === "Z" ? undefined : fields[19];
}
