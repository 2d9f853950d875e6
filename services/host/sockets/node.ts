/**
 * Sockets over `node:net`. All of them read into one buffer, as Node else makes one of 64 KiB for each read. Bytes for
 * which there is no room yet wait here, at most what one read brought; then the kernel's buffer fills, and the peer
 * waits.
 * @module
 */
import net from "node:net";
import { type Address, BACKLOG, codeOf, range, type Socket, type SocketListener, type Sockets } from "./index.ts";

type Reader = { room: () => Uint8Array; came: (count: number | null) => void; failed: (error: Error) => void };
type Opened = (onread: net.OnReadOpts) => net.Socket;

/** Holds what came until the next read of any socket: Node reads, and tells of it at once. */
const ARRIVALS = new Uint8Array(64 * 1024);

class NodeSocket implements Socket {
  #socket: net.Socket;
  #rest: Uint8Array | null = null;
  #ended = false;
  #failure: Error | null = null;
  #reader: Reader | null = null;
  #writeFailure: Error | null = null;
  #written: (() => void) | null = null;

  constructor(open: Opened) {
    const callback = (count: number, bytes: Uint8Array): boolean => this.#onBytes(range(bytes, 0, count));
    const socket = this.#socket = open({ buffer: ARRIVALS, callback });
    this.#outliveFailedWrites();
    socket.on("end", () => this.#onEnd(null));
    socket.on("error", (error) => this.#onEnd(error));
    socket.on("close", () => this.#onEnd(new Error("Cannot read: the socket was closed")));
  }

  read(room: () => Uint8Array, came: (count: number | null) => void, failed: (error: unknown) => void): void {
    const reader = { room, came, failed };
    if (this.#rest || this.#ended) queueMicrotask(() => this.#answer(reader));
    else this.#reader = reader;
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): number | Promise<number> {
    const socket = this.#socket;
    if (socket.destroyed) return Promise.reject(this.#failure ?? new Error("Cannot write: the socket was closed"));
    // Without a callback, which costs a tick, and has nothing to add where the kernel took all at once.
    socket.write(range(bytes, start, end));
    if (this.#writeFailure) return Promise.reject(this.#writeFailure);
    if (socket.writableLength === 0) return end - start;
    return new Promise((resolve, reject) => {
      this.#written = () => {
        if (this.#writeFailure) reject(this.#writeFailure);
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
    const rest = this.#rest;
    if (rest) {
      const count = put(rest, room());
      this.#rest = count < rest.length ? rest.subarray(count) : null;
      if (!this.#rest) this.#socket.resume();
      came(count);
    } else if (this.#failure) failed(this.#failure);
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
        const written = this.#written;
        this.#written = null;
        written?.();
      });
    };
  }

  /** @returns whether there was room for all: else no more come until the rest is taken */
  #onBytes(bytes: Uint8Array): boolean {
    const reader = this.#reader;
    this.#reader = null;
    const count = reader ? put(bytes, reader.room()) : 0;
    const all = count === bytes.length;
    if (!all) this.#rest = bytes.slice(count);
    reader?.came(count);
    return all;
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

/** Copies as many bytes as there is room for. @returns how many */
function put(bytes: Uint8Array, room: Uint8Array): number {
  const count = Math.min(bytes.length, room.length);
  room.set(range(bytes, 0, count));
  return count;
}

/** Makes an accepted connection, which has read nothing yet, read by `onread`: a server has no option for it. */
type Taking = (accepted: net.Socket, onread: net.OnReadOpts) => net.Socket;

/** With a buffer made for each read. */
const takeAsItIs: Taking = (accepted, onread) =>
  accepted.on("data", (chunk: Buffer) => {
    if (!onread.callback(chunk.length, chunk)) accepted.pause();
  }).resume();

/**
 * As another socket with the same handle. That a socket can be given one is not documented, though Node itself does it
 * with a connection that another process has accepted.
 */
const takeOver: Taking = (accepted, onread) => {
  const { _handle: handle } = accepted as unknown as { _handle?: object | null };
  if (!handle || !("useUserBuffer" in handle)) return takeAsItIs(accepted, onread);
  Object.assign(accepted, { _handle: null });
  accepted.destroy();
  return new net.Socket({ handle, allowHalfOpen: true, onread } as unknown as net.SocketConstructorOpts);
};

class NodeSocketListener implements SocketListener {
  #server: net.Server;
  #accepted: Socket[] = [];
  #waiting: ((socket: Socket | null) => void) | null = null;
  #closed = false;

  constructor(server: net.Server, take: Taking) {
    this.#server = server;
    server.on("connection", (accepted) => {
      const socket = new NodeSocket((onread) => take(accepted, onread));
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

const socketsThat = (take: Taking): Sockets => ({
  kind: "node",
  listen({ host, port }: Address): Promise<SocketListener> {
    return new Promise((resolve, reject) => {
      const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
      server.once("error", (error) => {
        reject(new Error(`Cannot listen on ${host}:${port}: ${codeOf(error)}`, { cause: error }));
      });
      server.listen({ host, port, backlog: BACKLOG }, () => resolve(new NodeSocketListener(server, take)));
    });
  },
  connect({ host, port }: Address): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = new NodeSocket((onread) =>
        net.connect({ host, port, noDelay: true, allowHalfOpen: true, onread })
          .once("error", reject)
          .once("connect", () => resolve(socket))
      );
    });
  },
});

export const nodeSockets: Sockets = socketsThat(takeOver);
/** Where a connection can't be taken over. */
export const plainNodeSockets: Sockets = socketsThat(takeAsItIs);
