/**
 * Sockets over `node:net`. A chunk that nobody asked for yet waits here, at most one beyond what was asked; then the
 * kernel's buffer fills and the peer waits.
 * @module
 */
import net from "node:net";
import { type Address, BACKLOG, codeOf, range, type Socket, type SocketListener, type Sockets } from "./index.ts";

type Reader = { room: () => Uint8Array; came: (count: number | null) => void; failed: (error: Error) => void };

class NodeSocket implements Socket {
  #socket: net.Socket;
  #chunk: Uint8Array | null = null;
  #ended = false;
  #failure: Error | null = null;
  #writeFailure: Error | null = null;
  #reader: Reader | null = null;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#outliveFailedWrites();
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => this.#onEnd(null));
    socket.on("error", (error) => this.#onEnd(error));
    socket.on("close", () => this.#onEnd(new Error("Cannot read: the socket was closed")));
  }

  read(room: () => Uint8Array, came: (count: number | null) => void, failed: (error: unknown) => void): void {
    const reader = { room, came, failed };
    if (this.#chunk || this.#ended) queueMicrotask(() => this.#answer(reader));
    else this.#reader = reader;
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): number | Promise<number> {
    const socket = this.#socket;
    if (socket.destroyed) return Promise.reject(this.#failure ?? new Error("Cannot write: the socket was closed"));
    let written: (error?: Error | null) => void = () => {};
    socket.write(range(bytes, start, end), (error) => written(error));
    if (this.#writeFailure) return Promise.reject(this.#writeFailure);
    // Taken by the kernel at once: the callback, which comes a tick later, has nothing to add.
    if (socket.writableLength === 0) return end - start;
    return new Promise((resolve, reject) => {
      written = (error) => {
        const failure = error ?? this.#writeFailure;
        if (failure) reject(failure);
        else resolve(end - start);
      };
    });
  }

  closeWrite(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  #answer({ room, came, failed }: Reader): void {
    if (this.#chunk) came(this.#take(room(), this.#chunk));
    else if (this.#failure) failed(this.#failure);
    else came(null);
  }

  /**
   * Node destroys a socket when a write fails, and with it what the kernel still holds for reading: the answer that a
   * peer gave before it closed. So the stream does not hear of the failure; `write` does, and reading goes on.
   */
  #outliveFailedWrites(): void {
    const socket = this.#socket;
    const write = socket._write.bind(socket);
    socket._write = (chunk, encoding, callback) => {
      write(chunk, encoding, (error) => {
        this.#writeFailure ??= error ?? null;
        callback();
      });
    };
  }

  #onData(chunk: Uint8Array): void {
    const reader = this.#reader;
    if (!reader) {
      this.#chunk = chunk;
      this.#socket.pause();
      return;
    }
    this.#reader = null;
    const count = this.#take(reader.room(), chunk);
    if (this.#chunk) this.#socket.pause();
    reader.came(count);
  }

  #take(into: Uint8Array, chunk: Uint8Array): number {
    if (chunk.length <= into.length) {
      into.set(chunk);
      this.#chunk = null;
      if (this.#socket.isPaused()) this.#socket.resume();
      return chunk.length;
    }
    into.set(chunk.subarray(0, into.length));
    this.#chunk = chunk.subarray(into.length);
    return into.length;
  }

  #onEnd(failure: Error | null): void {
    if (!this.#ended) this.#failure = failure;
    this.#ended = true;
    const reader = this.#reader;
    this.#reader = null;
    if (failure && reader) reader.failed(failure);
    else reader?.came(null);
  }
}

class NodeSocketListener implements SocketListener {
  #server: net.Server;
  #accepted: Socket[] = [];
  #waiting: ((socket: Socket | null) => void) | null = null;
  #closed = false;

  constructor(server: net.Server) {
    this.#server = server;
    server.on("connection", (connection) => {
      const socket = new NodeSocket(connection);
      const waiting = this.#waiting;
      this.#waiting = null;
      if (waiting) waiting(socket);
      else this.#accepted.push(socket);
    });
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  accept(): Promise<Socket | null> {
    const socket = this.#accepted.shift();
    if (socket || this.#closed) return Promise.resolve(socket ?? null);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
    for (const socket of this.#accepted.splice(0)) socket.close();
    this.#waiting?.(null);
  }
}

export const nodeSockets: Sockets = {
  kind: "node",
  listen({ host, port }: Address): Promise<SocketListener> {
    return new Promise((resolve, reject) => {
      const server = net.createServer({ allowHalfOpen: true, noDelay: true });
      server.once("error", (error) => {
        reject(new Error(`Cannot listen on ${host}:${port}: ${codeOf(error)}`, { cause: error }));
      });
      server.listen({ host, port, backlog: BACKLOG }, () => resolve(new NodeSocketListener(server)));
    });
  },
  connect({ host, port }: Address): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host, port, noDelay: true, allowHalfOpen: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.removeListener("error", reject);
        resolve(new NodeSocket(socket));
      });
    });
  },
};
