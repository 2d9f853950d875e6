/** @module */
import type { RunningServer, ServeOptions } from "./types.ts";

/** The part of Deno's global that is used here; its types as a whole clash with Node's. */
type DenoServer = { readonly addr: { readonly hostname: string; readonly port: number }; shutdown(): Promise<void> };
type DenoGlobal = {
  serve(
    options: { hostname: string; port: number; signal: AbortSignal; onListen: () => void },
    handler: ServeOptions["fetch"],
  ): DenoServer;
};

export function serveOnDeno({ hostname, port, fetch }: ServeOptions): Promise<RunningServer> {
  const { Deno } = globalThis as unknown as { Deno: DenoGlobal };
  const abort = new AbortController();
  // Deno would announce the port on stdout, which is the log's.
  const server = Deno.serve({ hostname, port, signal: abort.signal, onListen: () => {} }, fetch);
  return Promise.resolve({
    hostname: server.addr.hostname,
    port: server.addr.port,
    async close(graceMs) {
      const timer = setTimeout(() => abort.abort(), graceMs);
      await server.shutdown();
      clearTimeout(timer);
    },
  });
}
