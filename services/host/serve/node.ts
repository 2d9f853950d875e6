/** @module */
import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { RunningServer, ServeOptions } from "./types.ts";

/**
 * Above the 90 s after which Go's clients (the API server, the kubelet, Prometheus) close an idle connection: a server
 * that closes first meets requests that are under way, and a POST is not sent again.
 */
const KEEP_ALIVE_MS = 120_000;

export async function serveOnNode({ hostname, port, fetch }: ServeOptions): Promise<RunningServer> {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server;
  return listen(server, hostname, port);
}

/** Opens the port of a server of `node:http` or `node:https`. */
export async function listen(server: Server, hostname: string, port: number): Promise<RunningServer> {
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const unanswered = new Set<ServerResponse>();
  server.on("request", (_request, response: ServerResponse) => {
    unanswered.add(response);
    response.on("close", () => unanswered.delete(response));
  });
  server.listen(port, hostname);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  return {
    hostname: address.address,
    port: address.port,
    async close(graceMs) {
      // A connection that is busy now would else stay open for the whole keep-alive time after its answer.
      for (const response of unanswered) if (!response.headersSent) response.setHeader("connection", "close");
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
