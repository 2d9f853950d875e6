/** Memory that the engine holds and does not need. @module */

type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/**
 * Collects all there is and returns it to the operating system: some tens of milliseconds in which nothing else runs.
 * Nothing where the engine was not started with `--expose-gc`.
 */
export function collectGarbage(): void {
  const { gc } = globalThis as { gc?: Collect };
  gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}
