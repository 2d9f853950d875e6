/** @module */
import type { RunningServer, ServeOptions } from "./types.ts";

/** The part of Deno's global that is used here; its types as a whole clash with Node's. */
type DenoServer = { readonly addr: { readonly hostname: string; readonly port: number }; shutdown(): Promise<void> };
type DenoGlobal = {
  serve(options: { hostname: string; port: number; onListen: () => void }, handler: ServeOptions["fetch"]): DenoServer;
};

export function serveOnDeno({ hostname, port, fetch }: ServeOptions): Promise<RunningServer> {
  const { Deno } = globalThis as unknown as { Deno: DenoGlobal };
  const unanswered = new Set<(response: Response) => void>();
  const handler = async (request: Request): Promise<Response> => {
    const { promise: cut, resolve } = Promise.withResolvers<Response>();
    unanswered.add(resolve);
    try {
      return await Promise.race([fetch(request), cut]);
    } finally {
      unanswered.delete(resolve);
    }
  };
  // Deno would announce the port on stdout, which is the log's.
  const server = Deno.serve({ hostname, port, onListen: () => {} }, handler);
  return Promise.resolve({
    hostname: server.addr.hostname,
    port: server.addr.port,
    async close(graceMs) {
      // A server that is shutting down can't be aborted (Deno 2.9 throws where nobody can catch it).
      const timer = setTimeout(() => {
        for (const answer of unanswered) answer(new Response("closing", { status: 503 }));
      }, graceMs);
      await server.shutdown();
      clearTimeout(timer);
    },
  });
}
