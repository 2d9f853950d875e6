/**
 * The few calls of Linux's C library that sockets take, by Deno's foreign function interface.
 * @module
 */
import { LIBC_PATHS } from "../../../core/sidecar-config.ts";

type Pointer = unknown;

/** What each call takes and gives is that of its man page; -1 is a failure whose number `errno` tells. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, size: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: null, size: null, flags: number): number;
  connect(fd: number, address: Uint8Array, size: number): number;
  getsockname(fd: number, address: Uint8Array, size: Uint8Array): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, size: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, size: Uint8Array): number;
  recv(fd: number, into: Uint8Array, size: number, flags: number): number;
  send(fd: number, bytes: Uint8Array, size: number, flags: number): number;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  eventfd(value: number, flags: number): number;
  eventfd_write(fd: number, value: bigint): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: Uint8Array): number;
  /** Blocks the thread for up to `timeoutMs`; 0 does not. */
  epoll_wait(epoll: number, events: Uint8Array, most: number, timeoutMs: number): number;
  /** The same on another thread, for as long as it takes. */
  epoll_wait_elsewhere(epoll: number, events: Uint8Array, most: number, timeoutMs: number): Promise<number>;
  /** Why the last call on this thread failed. */
  errno(): number;
  /** Whether `struct epoll_event` is packed here, as it is on x86-64 alone. */
  readonly packed: boolean;
}

// The few calls of Deno used here, spelled out: @types/deno as a whole collides with @types/node.
type DenoFfi = {
  readonly build: { readonly os: string; readonly arch: string };
  dlopen(path: string, symbols: object): { symbols: Record<string, (...args: unknown[]) => unknown> };
};

const int = "i32";
const bytes = "buffer";
const EPOLL_WAIT = { parameters: [int, bytes, int, int], result: int } as const;
const CALLS = {
  socket: { parameters: [int, int, int], result: int },
  bind: { parameters: [int, bytes, "u32"], result: int },
  listen: { parameters: [int, int], result: int },
  accept4: { parameters: [int, "pointer", "pointer", int], result: int },
  connect: { parameters: [int, bytes, "u32"], result: int },
  getsockname: { parameters: [int, bytes, bytes], result: int },
  setsockopt: { parameters: [int, int, int, bytes, "u32"], result: int },
  getsockopt: { parameters: [int, int, int, bytes, bytes], result: int },
  // ssize_t and size_t, but no read here is of 2 GiB, and 64 bits would come as BigInt.
  recv: { parameters: [int, bytes, "u32", int], result: int },
  send: { parameters: [int, bytes, "u32", int], result: int },
  shutdown: { parameters: [int, int], result: int },
  close: { parameters: [int], result: int },
  eventfd: { parameters: ["u32", int], result: int },
  eventfd_write: { parameters: [int, "u64"], result: int },
  epoll_create1: { parameters: [int], result: int },
  epoll_ctl: { parameters: [int, int, int, bytes], result: int },
  epoll_wait: EPOLL_WAIT,
  epoll_wait_elsewhere: { ...EPOLL_WAIT, name: "epoll_wait", nonblocking: true },
  __errno_location: { parameters: [], result: "pointer" },
  memcpy: { parameters: [bytes, "pointer", "usize"], result: "pointer" },
} as const;

/** @throws {Error} as `loadLibc` */
export function openLibc(): Libc {
  const symbols = loadLibc(CALLS);
  return { ...symbols, errno: errnoOf(symbols), packed: deno().build.arch === "x86_64" } as unknown as Libc;
}

/**
 * Calls of the C library, each as Deno's `dlopen` is told of it.
 *
 * @throws {Error} where there is none at the paths known, or no permission to load it
 */
export function loadLibc(calls: object): Record<string, (...args: unknown[]) => unknown> {
  const failures: unknown[] = [];
  for (const path of LIBC_PATHS) {
    try {
      return deno().dlopen(path, calls).symbols;
    } catch (error) {
      failures.push(error);
    }
  }
  throw new Error(`Cannot load the C library from ${LIBC_PATHS.join(" or ")}: ${failures.map(String).join("; ")}`);
}

function deno(): DenoFfi {
  return (globalThis as unknown as { Deno: DenoFfi }).Deno;
}

/** By the library's own means: Deno's, which look through a pointer, take the permission to load any library. */
function errnoOf({ __errno_location, memcpy }: Record<string, (...args: unknown[]) => unknown>): () => number {
  // Of this thread, and it stays where it is.
  const location: Pointer = __errno_location!();
  const value = new Int32Array(1);
  const bytes = new Uint8Array(value.buffer);
  return () => {
    memcpy!(bytes, location, bytes.length);
    return value[0]!;
  };
}
