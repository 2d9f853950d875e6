/** A TCP connection by its descriptor. @module */
import type { Socket } from "../index.ts";
import { systemError } from "./error.ts";
import type { Libc } from "./libc.ts";
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, type EpollLoop, EPOLLOUT, EPOLLRDHUP, type Watched } from "./loop.ts";

const EAGAIN = 11;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const CLOSED = -1;

type Writer = {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly resolve: (count: number) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Edge-triggered: registered once. What is known to be possible is tried at once, what isn't waits for its event.
 */
export class EpollSocket implements Socket, Watched {
  #libc: Libc;
  #loop: EpollLoop;
  #fd: number;
  /** Whether a call may find something; it is known not to after one that took all there was. */
  #readable = false;
  #writable: boolean;
  /** The peer has finished sending or broken off: there is always something to find, if only the end. */
  #ends = false;
  /** Where a read that waits puts what comes; null if none waits. */
  #room: (() => Uint8Array) | null = null;
  #into: Uint8Array | null = null;
  #came: (count: number | null) => unknown = () => {};
  #failed: (error: unknown) => void = () => {};
  #writer: Writer | null = null;

  constructor(libc: Libc, loop: EpollLoop, fd: number, writable: boolean) {
    this.#libc = libc;
    this.#loop = loop;
    this.#fd = fd;
    this.#writable = writable;
    loop.watch(this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  }

  get fd(): number {
    return this.#fd;
  }

  read(room: () => Uint8Array, came: (count: number | null) => unknown, failed: (error: unknown) => void): void {
    this.#room = room;
    this.#came = came;
    this.#failed = failed;
    if (this.#readable || this.#fd === CLOSED) this.#readSoon();
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): number | Promise<number> {
    if (this.#fd === CLOSED) return Promise.reject(systemError("write", 0));
    if (this.#writable) {
      const size = end - start;
      const count = this.#libc.send(this.#fd, start === 0 ? bytes : bytes.subarray(start), size, MSG_NOSIGNAL);
      this.#writable = count === size;
      if (count > 0) return count;
      const errno = this.#libc.errno();
      if (errno !== EAGAIN) return Promise.reject(systemError("write", errno));
    }
    return new Promise((resolve, reject) => {
      this.#writer = { bytes, start, end, resolve, reject };
    });
  }

  closeWrite(): void {
    if (this.#fd !== CLOSED) this.#libc.shutdown(this.#fd, SHUT_WR);
  }

  close(): void {
    if (this.#fd === CLOSED) return;
    this.#loop.forget(this);
    this.#libc.close(this.#fd);
    this.#fd = CLOSED;
    this.#readSoon();
    if (this.#writer) this.#write(this.#writer);
  }

  onEvents(events: number): boolean {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) this.#ends = this.#readable = true;
    if (events & EPOLLIN) this.#readable = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) this.#writable = true;
    const writer = this.#writable ? this.#writer : null;
    const dealt = !this.#readable || this.#read();
    if (writer) this.#write(writer);
    return dealt && writer === null;
  }

  #readSoon(): void {
    this.#loop.oweTurn();
    queueMicrotask(() => this.#read());
  }

  /** @returns whether who waited for it has dealt with what came */
  #read(): boolean {
    const room = this.#room;
    if (!room || (!this.#readable && this.#fd !== CLOSED)) return true;
    this.#room = null;
    if (this.#fd === CLOSED) return this.#fail(0);
    const into = this.#into ?? room();
    this.#into = null;
    const count = this.#libc.recv(this.#fd, into, into.length, 0);
    this.#readable = this.#ends || count === into.length;
    if (count >= 0) return this.#came(count === 0 ? null : count) === true;
    const errno = this.#libc.errno();
    if (errno !== EAGAIN) return this.#fail(errno);
    // Nothing there after all: the buffer was lent for this read, and waits with it.
    this.#readable = false;
    this.#into = into;
    this.#room = room;
    return true;
  }

  #fail(errno: number): boolean {
    this.#failed(systemError("read", errno));
    return false;
  }

  #write(writer: Writer): void {
    this.#writer = null;
    const count = this.write(writer.bytes, writer.start, writer.end);
    if (typeof count === "number") writer.resolve(count);
    else count.then(writer.resolve, writer.reject);
  }
}
