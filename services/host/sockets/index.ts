/**
 * TCP sockets as the relay needs them: reads into a buffer of the caller, half-open, nothing buffered inside. One
 * adapter for each runtime, because Deno's own sockets cost less than its `node:net`, and one below them, because
 * Linux's own calls cost half of that again.
 * @module
 */

/**
 * One end of a TCP connection, with TCP_NODELAY. Each direction ends by itself: a peer that has finished sending may
 * still read. What is thrown carries the operating system's `code`, see `codeOf`.
 */
export interface Socket {
  /**
   * Waits for bytes and puts them into a buffer, from its start. One read at a time. It calls one of the two, once,
   * after it has returned: a promise for each read would cost more than the rest of it.
   *
   * @param room asked once for the buffer, not empty; where the adapter can, only when there are bytes for it
   * @param came gets how many bytes, at least 1; null once the peer has finished sending. If it returns true, nothing
   *   that it has begun waits for a promise, which some adapters go on faster from
   * @param failed gets `ECONNRESET` and the like; any error if `close` was called
   */
  read(room: () => Uint8Array, came: (count: number | null) => unknown, failed: (error: unknown) => void): void;
  /**
   * Hands bytes (those of a range, if given) to the kernel, so that awaiting it is the backpressure. One write at a time; the bytes must not be
   * changed before it resolves.
   *
   * @returns how many bytes the kernel took, at least 1 (see `writeAll`): a promise only where that isn't known at once
   * @throws `EPIPE`, `ECONNRESET` and the like, always by a promise
   */
  write(bytes: Uint8Array, start?: number, end?: number): number | Promise<number>;
  /** Tells the peer that nothing more will come (FIN); reading goes on. Never throws: a dead peer shows when reading. */
  closeWrite(): void;
  /** Gives the socket up, both directions, and ends a read that waits. Twice is once. */
  close(): void;
}

export interface SocketListener {
  /** The port that it is bound to, also if 0 was asked for. */
  readonly port: number;
  /**
   * @returns the next connection; null once closed
   * @throws `EMFILE` and the like: the next call may succeed
   */
  accept(): Promise<Socket | null>;
  close(): void;
}

export interface Address {
  readonly host: string;
  /** For `listen`, 0 takes a free one. */
  readonly port: number;
}

export interface Sockets {
  /** Which adapter this is, for the log. */
  readonly kind: "deno" | "epoll" | "node";
  /** @throws `EADDRINUSE`, `EACCES` and the like */
  listen(address: Address): Promise<SocketListener>;
  /** @throws `ECONNREFUSED` and the like */
  connect(address: Address): Promise<Socket>;
}

/** Connections that may wait to be accepted; Linux cuts it to `net.core.somaxconn`, 4096 by default. */
export const BACKLOG = 4096;

/** The operating system's name of a failure (`ECONNREFUSED`), else the error's own name. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** Writes all of `bytes`. @throws as `Socket.write` */
export async function writeAll(
  socket: Socket,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): Promise<void> {
  for (let at = start; at < end;) at += await socket.write(bytes, at, end);
}

/** The bytes of a range, without a new view where they are all. */
export function range(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

/**
 * The best adapter that there is here: Linux's own calls where Deno may make them, else the runtime's sockets. Loaded
 * on demand: neither runtime can load the other's.
 */
export async function systemSockets(): Promise<Sockets> {
  if (!("Deno" in globalThis)) return (await import("./node.ts")).nodeSockets;
  const [{ denoSockets }, { epollSockets }] = await Promise.all([import("./deno.ts"), import("./epoll/index.ts")]);
  try {
    return epollSockets(denoSockets);
  } catch {
    return denoSockets;
  }
}
