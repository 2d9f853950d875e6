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

/** utime + stime of /proc/PID/stat (proc(5)). */
export function parseCpuTimeUs(stat: string): number {
  return ticks(fieldsOf(stat).slice(11, 13), stat);
}

/** The same with the children that have ended and were waited for: cutime + cstime too. */
export function parseTreeTimeUs(stat: string): number {
  return ticks(fieldsOf(stat).slice(11, 15), stat);
}

/** What all processors of the machine have worked since its start: the first line of /proc/stat, less what was idle. */
export function parseMachineTimeUs(stat: string): number {
  const [user, nice, system, , , irq, softirq] = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(" ") ?? [];
  return ticks([user, nice, system, irq, softirq], stat);
}

/** Those after the name, which may hold spaces and brackets. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function ticks(fields: readonly (string | undefined)[], text: string): number {
  const sum = fields.reduce((sum, field) => sum + Number(field), 0);
  if (fields.length > 0 && Number.isFinite(sum)) return sum * US_PER_TICK;
  throw new TypeError(`Cannot read CPU times: received ${text}`);
}

export function parseMemory(smapsRollup: string): Memory {
  const field = (name: string) => {
    const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(smapsRollup)?.[1];
    if (value === undefined) throw new TypeError(`Cannot read ${name} of a process: received ${smapsRollup}`);
    return Number(value) / 1024;
  };
  return { rssMb: field("Rss"), dirtyMb: field("Private_Dirty") };
}
