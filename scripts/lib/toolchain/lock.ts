/**
 * Locks between processes.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";

/** Who waits longer than this says so. */
const NOTICE_MS = 1_000;

/**
 * Runs `action` while no other process runs one under the same lock file.
 *
 * `flock` holds the lock for as long as its standard input is open, so a process that is killed gives its lock back
 * and no lock file is ever stale.
 */
export async function withLock<T>(file: string, action: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn("flock", [file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C must not take the lock away from an action that is cleaning up.
    detached: true,
  });
  const ended = once(holder, "close");
  const notice = setTimeout(
    () => process.stderr.write(`waiting for another process to finish (${file}) …\n`),
    NOTICE_MS,
  );
  const held = await Promise.race([once(holder.stdout, "data").then(() => true), ended.then(() => false)]);
  clearTimeout(notice);
  if (!held) throw new Error(`Cannot take the lock as flock ended early: received ${file}`);
  try {
    return await action();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
