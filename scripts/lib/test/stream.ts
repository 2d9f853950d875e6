/**
 * Child processes whose output is shown while they run, each line under the name of its part.
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { repositoryRoot } from "../toolchain/index.ts";

/** How long a child gets between SIGTERM and SIGKILL when the run is broken off. */
const STOP_GRACE_MS = 5_000;

export interface StreamOptions {
  /** Precedes each line. */
  label: string;
  /** Ends the child, and all that it started. */
  signal: AbortSignal;
  env?: Record<string, string>;
  /** Where a copy of the output goes. */
  onLine?: (line: string) => void;
}

/** Writes a line of progress to standard error. */
export function say(label: string, line: string): void {
  process.stderr.write(`[${label}] ${line}\n`);
}

/**
 * Runs a program at the top of the checkout to its end. Returns its exit code, -1 if a signal ended it.
 *
 * @throws {Error} if it can't be started
 */
export async function stream(command: string, args: readonly string[], options: StreamOptions): Promise<number> {
  const { label, signal, env, onLine } = options;
  if (signal.aborted) return -1;
  const child = spawn(command, args, {
    cwd: repositoryRoot,
    env: { ...environment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C reaches this process alone, which then ends the group in order.
    detached: true,
  });
  const stop = () => {
    if (child.pid === undefined) return;
    kill(child.pid, "SIGTERM");
    setTimeout(kill, STOP_GRACE_MS, child.pid, "SIGKILL").unref();
  };
  signal.addEventListener("abort", stop, { once: true });
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on("line", (raw) => {
      const line = stripVTControlCharacters(raw);
      if (line.trim() !== "") say(label, line);
      onLine?.(line);
    });
  }
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? -1));
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function environment(): NodeJS.ProcessEnv {
  // Deno takes FORCE_COLOR for colour whatever its value, and shows its own stack on a failed check if asked to.
  const { FORCE_COLOR: _force, RUST_BACKTRACE: _backtrace, RUST_LIB_BACKTRACE: _library, ...rest } = process.env;
  return { ...rest, NO_COLOR: "1" };
}

function kill(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    // The group is gone already.
  }
}
