/**
 * Commands that count as one check: exit code 0 passes.
 * @module
 */
import { broken, type Outcome } from "./outcome.ts";
import { stream } from "./stream.ts";

/** Lines of a failed command that its reason repeats. */
const LAST_LINES = 3;

export async function check(
  label: string,
  [command, ...args]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<Outcome> {
  const start = performance.now();
  const lines: string[] = [];
  const code = await stream(command, args, { label, signal, onLine: (line) => line.trim() && lines.push(line.trim()) });
  const ms = performance.now() - start;
  if (code === 0) return { label, passed: 1, failures: [], ms };
  return broken(label, `exit code ${code}: ${lines.slice(-LAST_LINES).join(" | ")}`, ms);
}
