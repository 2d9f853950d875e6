/**
 * A server of the bench's own.
 * @module
 */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** Gives each connection to `serve`. Disposing ends the server and its connections at once. */
export async function listen(port: number, serve: (socket: Socket) => void): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // Who leaves without a word is seen by what is then missing.
    socket.on("error", () => socket.destroy());
    serve(socket);
  });
  await once(server.listen({ port, host: "127.0.0.1", backlog: 4096 }), "listening");
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
