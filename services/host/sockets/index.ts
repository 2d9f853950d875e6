/**
 * TCP sockets as the relay needs them: reads into a buffer of the caller, half-open, nothing buffered inside. One
 * adapter for each runtime, because Deno's own sockets cost a fraction of its `node:net`.
 * @module
 */

/** One end of a TCP connection. Each direction ends by itself: a peer that has finished sending may still read. */
export interface Socket {
  /**
   * Waits for bytes and puts them into `into`, from its start. One read at a time.
   *
   * @returns how many bytes, at least 1; null once the peer has finished sending or `close` was called
   * @throws {SocketError} `ECONNRESET` and the like
   */
  read(into: Uint8Array): Promise<number | null>;
  /**
   * Resolves when the kernel has taken all bytes, so that awaiting it is the backpressure. One write at a time; the
   * bytes must not be changed before.
   *
   * @throws {SocketError} `EPIPE`, `ECONNRESET` and the like
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Tells the peer that nothing more will come (FIN); reading goes on. Never throws: a dead peer shows when reading. */
  closeWrite(): Promise<void>;
  /** Gives the socket up, both directions. A read that waits ends with null. Twice is once. */
  close(): void;
}

export interface Listener extends AsyncIterable<Socket> {
  /** The port that it is bound to, also if 0 was asked for. */
  readonly port: number;
  close(): void;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Sockets {
  /** @throws {SocketError} `EADDRINUSE`, `EACCES` and the like */
  listen(address: Address): Promise<Listener>;
  /** With TCP_NODELAY. @throws {SocketError} `ECONNREFUSED` and the like */
  connect(address: Address): Promise<Socket>;
}

/** A failure with the operating system's code, the same on both runtimes. */
export class SocketError extends Error {
  override readonly name = "SocketError";
  /** As in errno(3): `ECONNREFUSED`, `ECONNRESET`, `EPIPE`; `EUNKNOWN` if the runtime gave none. */
  readonly code: string;

  constructor(action: string, code: string, cause: unknown) {
    super(`Cannot ${action}: ${code}`, { cause });
    this.code = code;
  }
}

/** The adapter of the runtime that executes this. Loaded on demand: neither runtime can load the other's. */
export async function systemSockets(): Promise<Sockets> {
  if ("Deno" in globalThis) return (await import("./deno.ts")).denoSockets;
  return (await import("./node.ts")).nodeSockets;
}
