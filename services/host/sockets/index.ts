/**
 * TCP sockets as the relay needs them: reads into a buffer of the caller, half-open, nothing buffered inside. One
 * adapter for each runtime, because Deno's own sockets cost less than its `node:net`.
 * @module
 */

/**
 * One end of a TCP connection, with TCP_NODELAY. Each direction ends by itself: a peer that has finished sending may
 * still read. What is thrown carries the operating system's `code`, see `codeOf`.
 */
export interface Socket {
  /**
   * Waits for bytes and puts them into `into`, from its start. One read at a time.
   *
   * @returns how many bytes, at least 1; null once the peer has finished sending
   * @throws `ECONNRESET` and the like; any error if `close` was called
   */
  read(into: Uint8Array): Promise<number | null>;
  /**
   * Hands bytes to the kernel, so that awaiting it is the backpressure. One write at a time; the bytes must not be
   * changed before it resolves.
   *
   * @returns how many bytes the kernel took, at least 1: see `writeAll`
   * @throws `EPIPE`, `ECONNRESET` and the like
   */
  write(bytes: Uint8Array): Promise<number>;
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
export async function writeAll(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await socket.write(at === 0 ? bytes : bytes.subarray(at));
}

/** The adapter of the runtime that executes this. Loaded on demand: neither runtime can load the other's. */
export async function systemSockets(): Promise<Sockets> {
  if ("Deno" in globalThis) return (await import("./deno.ts")).denoSockets;
  return (await import("./node.ts")).nodeSockets;
}
