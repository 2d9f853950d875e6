/** Memory that the process holds and does not need. @module */
import { type Calls, loadLibc } from "./libc.ts";

type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/** `man malloc_trim`: the C library alone gives back what is free at the end of its heap, and keeps the holes. */
const MALLOC_TRIM = { malloc_trim: { parameters: ["usize"], result: "i32" } };

/**
 * Gives back what the engine and the C library hold and nobody needs: some tens of milliseconds in which nothing else
 * runs. The engine's part on both runtimes, where it was started with `--expose-gc`; the library's only where it may be
 * called, which is never on Node.
 */
export function giveMemoryBack(): void {
  const { gc } = globalThis as { gc?: Collect };
  gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  trim ??= findTrim();
  trim(0);
}

let trim: Calls[string] | undefined;

function findTrim(): Calls[string] {
  try {
    return loadLibc(MALLOC_TRIM)["malloc_trim"]!;
  } catch {
    return () => {};
  }
}
