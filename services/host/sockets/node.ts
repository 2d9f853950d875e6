/**
 * Sockets over `node:net`. A chunk that nobody asked for yet waits here, at most one beyond what was asked; then the
 * kernel's buffer fills and the peer waits.
 * @module
 */
import net from "node:net";
import { type Address, BACKLOG, codeOf, type Socket, type SocketListener, type Sockets } from "./index.ts";

type Reader = { into: Uint8Array; resolve: (count: number | null) => void; reject: (error: Error) => void };

class NodeSocket implements Socket {
  #socket: net.Socket;
  #chunk: Uint8Array | null = null;
  #ended = false;
  #failure: Error | null = null;
  #reader: Reader | null = null;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => this.#onEnd(null));
    socket.on("error", (error) => this.#onEnd(error));
    socket.on("close", () => this.#onEnd(new Error("Cannot read: the socket was closed")));
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#chunk) return Promise.resolve(this.#take(into, this.#chunk));
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#reader = { into, resolve, reject };
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    const socket = this.#socket;
    if (socket.destroyed) return Promise.reject(this.#failure ?? new Error("Cannot write: the socket was closed"));
    let written: (error?: Error | null) => void = () => {};
    socket.write(bytes, (error) => written(error));
    // Taken by the kernel at once: the callback, which comes a tick later, has nothing to add.
    if (socket.writableLength === 0) return Promise.resolve(bytes.length);
    return new Promise((resolve, reject) => {
      written = (error) => error ? reject(error) : resolve(bytes.length);
    });
  }

  closeWrite(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Uint8Array): void {
    const reader = this.#reader;
    if (!reader) {
      this.#chunk = chunk;
      this.#socket.pause();
      return;
    }
    this.#reader = null;
    const count = this.#take(reader.into, chunk);
    if (this.#chunk) this.#socket.pause();
    reader.resolve(count);
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
    if (failure && reader) reader.reject(failure);
    else reader?.resolve(null);
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
