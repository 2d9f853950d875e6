/**
 * Sockets in memory that cut, stall and take writes by halves as they like: what the kernel may do, but does not do on
 * demand.
 */
import type { Address, Socket, SocketListener, Sockets } from "../../services/host/sockets/index.ts";

/** Decides how unruly the sockets are; repeatable by its seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to `below` - 1. */
  next(below: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor(this.#state / 2 ** 32 * below);
  }

  /** How many of `length` bytes go at once: often one, often all. */
  cut(length: number): number {
    const kind = this.next(3);
    return kind === 0 ? 1 : kind === 1 ? length : 1 + this.next(length);
  }

  async stall(): Promise<void> {
    const kind = this.next(4);
    if (kind === 0) await new Promise((resolve) => setImmediate(resolve));
    else if (kind === 1) await Promise.resolve();
  }
}

/** How many bytes one direction buffers before a write waits. */
const CAPACITY = 4096;

class Pipe {
  #chance: Chance;
  #segments: Uint8Array[] = [];
  #buffered = 0;
  #ended = false;
  #wake: (() => void)[] = [];

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  async read(room: () => Uint8Array): Promise<number | null> {
    // Some adapters ask for the buffer when there are bytes for it, others before.
    const early = this.#chance.next(2) === 0 ? room() : null;
    await this.#chance.stall();
    while (this.#segments.length === 0) {
      if (this.#ended) return null;
      await this.#changed();
    }
    const segment = this.#segments[0]!;
    const into = early ?? room();
    const count = Math.min(into.length, this.#chance.cut(segment.length));
    into.set(segment.subarray(0, count));
    if (count === segment.length) this.#segments.shift();
    else this.#segments[0] = segment.subarray(count);
    this.#buffered -= count;
    this.#notify();
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#chance.stall();
    while (this.#buffered >= CAPACITY && !this.#ended) await this.#changed();
    if (this.#ended) throw Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    const count = this.#chance.cut(bytes.length);
    this.#segments.push(bytes.slice(0, count));
    this.#buffered += count;
    this.#notify();
    return count;
  }

  end(): void {
    this.#ended = true;
    this.#notify();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

class MemorySocket implements Socket {
  #incoming: Pipe;
  #outgoing: Pipe;

  constructor(incoming: Pipe, outgoing: Pipe) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  read(room: () => Uint8Array, came: (count: number | null) => void, failed: (error: unknown) => void): void {
    this.#incoming.read(room).then(came, failed);
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): Promise<number> {
    return this.#outgoing.write(bytes.subarray(start, end));
  }

  closeWrite(): void {
    this.#outgoing.end();
  }

  close(): void {
    this.#outgoing.end();
    this.#incoming.end();
  }
}

/** A network of its own: what listens on a port is reached by `connect`. */
export class MemorySockets implements Sockets {
  readonly kind = "node";
  #chance: Chance;
  #listening = new Map<number, (socket: Socket) => void>();

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** A server of the test. */
  serve(port: number, onSocket: (socket: Socket) => void): void {
    this.#listening.set(port, onSocket);
  }

  listen({ port }: Address): Promise<SocketListener> {
    const queue: Socket[] = [];
    let waiting: ((socket: Socket | null) => void) | null = null;
    this.#listening.set(port, (socket) => {
      if (!waiting) return void queue.push(socket);
      waiting(socket);
      waiting = null;
    });
    return Promise.resolve({
      port,
      accept: () => queue.length ? Promise.resolve(queue.shift()!) : new Promise((resolve) => waiting = resolve),
      close: () => waiting?.(null),
    });
  }

  connect({ port }: Address): Promise<Socket> {
    const onSocket = this.#listening.get(port);
    if (!onSocket) return Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
    const [there, back] = [new Pipe(this.#chance), new Pipe(this.#chance)];
    onSocket(new MemorySocket(there, back));
    return Promise.resolve(new MemorySocket(back, there));
  }
}
