/**
 * A plain HTTP server for web-standard handlers, by the runtime's own means.
 * @module
 */
import type { RunningServer, ServeOptions } from "./types.ts";

export type { RunningServer, ServeOptions } from "./types.ts";

/** Errors that another address would not cure. */
const FINAL_CODES: ReadonlySet<unknown> = new Set(["EADDRINUSE", "EACCES"]);
const FINAL_NAMES: ReadonlySet<unknown> = new Set(["AddrInUse", "PermissionDenied", "NotCapable"]);

/**
 * Resolves once the port is open. On a host without IPv6, `::` becomes `0.0.0.0`.
 *
 * @throws the runtime's error when the port can't be opened
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  // By dynamic import, so that neither runtime loads the other's adapter.
  const start = "Deno" in globalThis
    ? (await import("./deno.ts")).serveOnDeno
    : (await import("./node.ts")).serveOnNode;
  try {
    return await start(options);
  } catch (error) {
    if (options.hostname !== "::" || isFinal(error)) throw error;
    return await start({ ...options, hostname: "0.0.0.0" });
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof Error &&
    (FINAL_NAMES.has(error.name) || "code" in error && FINAL_CODES.has(error.code));
}
