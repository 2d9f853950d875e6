/**
 * The few calls of Linux's C library that sockets take, by Deno's foreign function interface.
 * @module
 */
import { type Calls, loadLibc } from "../../libc.ts";

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

type DenoBuild = { readonly build: { readonly arch: string } };

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

/** @throws as `loadLibc` */
export function openLibc(): Libc {
  const calls = loadLibc(CALLS);
  const { build } = (globalThis as unknown as { Deno: DenoBuild }).Deno;
  return { ...calls, errno: errnoOf(calls), packed: build.arch === "x86_64" } as unknown as Libc;
}

/** By the library's own means: Deno's, which look through a pointer, take the permission to load any library. */
function errnoOf({ __errno_location, memcpy }: Calls): () => number {
  // Of this thread, and it stays where it is.
  const location: Pointer = __errno_location!();
  const value = new Int32Array(1);
  const bytes = new Uint8Array(value.buffer);
  return () => {
    memcpy!(bytes, location, bytes.length);
    return value[0]!;
  };
}
