/**
 * Runs the chosen parts: one after another, and the real clusters beside them.
 * @module
 */
import { elapsed } from "../toolchain/index.ts";
import { broken, type Outcome, totals } from "./outcome.ts";
import type { Context, Part } from "./parts.ts";
import { say } from "./stream.ts";

/** The part that needs clusters; it brings them up while the others run. */
export interface ClusterPart {
  name: string;
  /** @param quiet settles when no other part runs any more: only then may tests that watch the time begin */
  run: (context: Context, quiet: Promise<boolean>) => Promise<Outcome[]>;
}

/**
 * Never rejects: what breaks is an outcome.
 *
 * @param abort breaks off what still runs, after a failure with `bail`
 */
export async function run(
  parts: readonly Part[],
  clusters: ClusterPart | undefined,
  context: Context,
  abort: () => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const local = async () => {
    for (const part of parts) {
      if (context.signal.aborted) break;
      const found = await guarded(part.name, () => part.run(context));
      outcomes.push(...found);
      if (context.bail && totals(found).failed > 0) abort();
    }
    return !context.signal.aborted;
  };
  const quiet = local();
  const [, ofClusters] = await Promise.all([
    quiet,
    clusters === undefined ? [] : guarded(clusters.name, () => clusters.run(context, quiet)),
  ]);
  const all = [...outcomes, ...ofClusters];
  // What was not begun has no outcome, and must not look like success.
  return context.signal.aborted && totals(all).failed === 0 ? [...all, broken("test", "was broken off")] : all;
}

async function guarded(name: string, action: () => Promise<Outcome[]>): Promise<Outcome[]> {
  const start = performance.now();
  say(name, "begins");
  let outcomes: Outcome[];
  try {
    outcomes = await action();
  } catch (error) {
    outcomes = [broken(name, error instanceof Error ? error.message : String(error), performance.now() - start)];
  }
  const { passed, failed } = totals(outcomes);
  say(name, `${failed === 0 ? "ends" : "FAILED"} after ${elapsed(start)}: ${passed} passed, ${failed} failed`);
  return outcomes;
}
