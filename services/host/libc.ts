/**
 * Linux's C library, by Deno's foreign function interface. Deno's permission for it is by the library's path, so that
 * it can call whatever that library has, with the rights that the process has.
 * @module
 */
import { LIBC_PATHS } from "../core/sidecar-config.ts";

export type Calls = Record<string, (...args: unknown[]) => unknown>;

// The few calls of Deno used here, spelled out: @types/deno as a whole collides with @types/node.
type DenoFfi = { dlopen(path: string, calls: object): { symbols: Calls } };

/**
 * @param calls by name, as Deno describes them
 * @throws {Error} where there is none at the paths known, where one of the calls is not in it, without permission to
 *   load it, and on other runtimes
 */
export function loadLibc(calls: object): Calls {
  const { Deno } = globalThis as unknown as { Deno?: DenoFfi };
  const failures: unknown[] = [];
  for (const path of Deno ? LIBC_PATHS : []) {
    try {
      return Deno!.dlopen(path, calls).symbols;
    } catch (error) {
      failures.push(error);
    }
  }
  throw new Error(`Cannot load the C library from ${LIBC_PATHS.join(" or ")}: ${failures.map(String).join("; ")}`);
}
