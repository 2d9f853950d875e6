/**
 * What takes long says so on standard error.
 *
 * @module
 */
import process from "node:process";

const REPEAT_MS = 1_000;
const REPEAT_PLAIN_MS = 30_000;

/** Says `what` while `action` runs, with the time that it has taken so far, and the whole time at its end. */
export async function progress<T>(what: string, action: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const terminal = process.stderr.isTTY;
  const say = (end: string) => process.stderr.write(`${terminal ? "\r\x1b[K" : ""}${what} … ${end}`);
  say(terminal ? "" : "\n");
  const timer = setInterval(
    () => say(elapsed(start) + (terminal ? "" : "\n")),
    terminal ? REPEAT_MS : REPEAT_PLAIN_MS,
  );
  try {
    const result = await action();
    say(`${elapsed(start)}\n`);
    return result;
  } catch (error) {
    say(`failed after ${elapsed(start)}\n`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** The time since `start`, as in 2m10s or 0.4s. */
export function elapsed(start: number): string {
  const seconds = (performance.now() - start) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  return `${Math.floor(seconds / 60)}m${String(Math.floor(seconds % 60)).padStart(2, "0")}s`;
}
