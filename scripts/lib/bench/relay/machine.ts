/**
 * What the kernel says of a process.
 * @module
 */
import { readFile } from "node:fs/promises";

/** Of a process, in MiB: what it has in memory, and the part of it that no other process can share. */
export type Memory = { readonly rssMb: number; readonly dirtyMb: number };

/** Clock ticks in /proc are hundredths of a second to programs on every architecture (`sysconf(_SC_CLK_TCK)`). */
const US_PER_TICK = 10_000;

/** The CPU time of a process, all its threads, in µs, to 10 ms. */
export async function cpuTimeUs(pid: number): Promise<number> {
  return parseCpuTimeUs(await readFile(`/proc/${pid}/stat`, "utf8"));
}

export async function memoryOf(pid: number): Promise<Memory> {
  return parseMemory(await readFile(`/proc/${pid}/smaps_rollup`, "utf8"));
}

/** utime + stime of /proc/PID/stat: proc(5), fields 14 and 15. The name, field 2, may hold spaces and brackets. */
export function parseCpuTimeUs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new TypeError(`Cannot read the CPU time of a process: received ${stat}`);
  return ticks * US_PER_TICK;
}

export function parseMemory(smapsRollup: string): Memory {
  const field = (name: string) => {
    const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(smapsRollup)?.[1];
    if (value === undefined) throw new TypeError(`Cannot read ${name} of a process: received ${smapsRollup}`);
    return Number(value) / 1024;
  };
  return { rssMb: field("Rss"), dirtyMb: field("Private_Dirty") };
}
