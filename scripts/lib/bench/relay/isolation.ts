/**
 * A network, and processes, of the bench's own.
 * @module
 */
import process from "node:process";

const ISOLATED = "DAPS_BENCH_ISOLATED";

/**
 * Starts this program again in a network namespace that has loopback and nothing else, so that its ports are free and
 * its load can't leave the machine, and in a PID namespace, so that whatever it started ends with it. What has to be
 * installed or fetched must be there by then.
 *
 * @returns in the program that was started again; never in the one that called
 */
export function isolate(): void {
  if (process.env[ISOLATED] !== undefined) return;
  if (process.getuid?.() !== 0) throw new Error("Cannot make a network namespace for the bench as this takes root");
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const inside = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...again];
  const command = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", ...inside];
  const env = Object.entries({ ...process.env, [ISOLATED]: "1" }).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  process.execve?.("/usr/bin/env", ["env", "--", ...command], Object.fromEntries(env));
  throw new Error("Cannot go on within a network namespace: this runtime has no execve");
}
