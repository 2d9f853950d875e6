/**
 * Whether other programs had a part of the machine while something was measured.
 * @module
 */
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseCpuTimeUs, parseMachineTimeUs, parseTreeTimeUs } from "./machine.ts";

/** µs of CPU time, since the start of the machine, of this process, and of the programs that it has not ended yet. */
type Times = { readonly at: number; readonly machine: number; readonly own: number };

/** @param running those of the bench's programs that run from before until after `action` */
export async function withDisturbance<T>(
  running: readonly number[],
  action: () => Promise<T>,
): Promise<{ readonly result: T; readonly others: number }> {
  const before = await times(running);
  const result = await action();
  const after = await times(running);
  const all = (after.at - before.at) * 1000 * cpus().length;
  const others = (after.machine - before.machine) - (after.own - before.own);
  return { result, others: Math.max(0, others / all) };
}

async function times(running: readonly number[]): Promise<Times> {
  const stats = await Promise.all(running.map((pid) => readFile(`/proc/${pid}/stat`, "utf8")));
  const [machine, self] = await Promise.all([readFile("/proc/stat", "utf8"), readFile("/proc/self/stat", "utf8")]);
  const own = stats.reduce((sum, stat) => sum + parseCpuTimeUs(stat), parseTreeTimeUs(self));
  return { at: performance.now(), machine: parseMachineTimeUs(machine), own };
}
