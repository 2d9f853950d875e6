/** An app that counts instead of reading, and crashes when it is told to. */
import { once } from "node:events";
import net from "node:net";
import { ANSWER, REQUEST_BYTES } from "./messages.ts";

const GET = "G".charCodeAt(0);
const NOT_FOUND = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

export class CrashingApp {
  port = 0;
  #server: net.Server | null = null;
  readonly #sockets = new Set<net.Socket>();

  /** Listens on the port that it had before, if it had one. */
  async start(): Promise<void> {
    const server = net.createServer({ noDelay: true }, (socket) => this.#serve(socket));
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as net.AddressInfo).port;
    this.#server = server;
  }

  /** As when the process is killed: nobody listens, and every connection is cut where it is. */
  async crash(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = new Promise((resolve) => server?.close(resolve));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    let come = 0;
    socket.on("data", (bytes) => {
      // The sidecar's own question for the busy endpoint.
      if (come === 0 && bytes[0] === GET) return void socket.end(NOT_FOUND);
      for (come += bytes.length; come >= REQUEST_BYTES; come -= REQUEST_BYTES) socket.write(ANSWER);
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
