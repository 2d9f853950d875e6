/**
 * Waits for sockets with epoll, on the thread of the event loop.
 *
 * ```
 *            events                       none for LIVELY_MS, or REST_MS without a rest
 *   ┌─────▶ lively ─────────────────────────────────────────▶ resting
 *   │         │  ▲ a turn of the event loop,                     │
 *   │         └──┘ if it is owed                                 │
 *   └────────────────────── events ◀─────────────────────────────┘
 * ```
 *
 * *Lively*, the thread itself waits, for a few milliseconds at most. A turn of the event loop costs as much as a tenth of
 * an exchange, and much more where the processor's caches are cold, so it is left out after events that nobody deals with
 * by promises. *Resting*, another thread waits and the event loop is free; handing the events over costs some tens of
 * microseconds, which is why it isn't done for each of them.
 *
 * What else the process has to do (timers, the admin server) comes in a rest, and so is late by REST_MS at most while
 * events keep coming. A turn by `setImmediate` would not do: the runtime looks at its own sockets when it has nothing to
 * run, else at every 61st turn only (Tokio's `event_interval`), and a request of the admin server takes two looks.
 * @module
 */
import type { Libc } from "./libc.ts";

/** How long the thread waits for an event, in ms: as long as a backend usually takes. */
const LIVELY_MS = 5;
/** How long it may go on without a rest, in ms. */
const REST_MS = 50;
/**
 * How many events end a rest that came for that reason. The first is often the answer to what has just been passed on
 * and comes at once; until the next one there is time to answer a request of the admin server.
 */
const REST_EVENTS = 2;
const MOST_EVENTS = 256;

export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET = 0x8000_0000;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

export interface Watched {
  readonly fd: number;
  /**
   * Takes what epoll says of it. It must not throw.
   *
   * @returns whether all of it is dealt with: nothing waits for a promise
   */
  onEvents(events: number): boolean;
}

export class EpollLoop {
  readonly #libc: Libc;
  readonly #epoll: number;
  /** Ends a wait on the other thread when there is nothing to wait for any more. */
  readonly #waker: number;
  /** By descriptor, of which the kernel gives the lowest that is free. */
  readonly #watched: (Watched | null)[] = [];
  readonly #keys: number[] = [];
  #count = 0;
  // struct epoll_event is packed on x86-64 only; `data` holds the descriptor and a key, since descriptors come again.
  readonly #stride: number;
  readonly #event: DataView;
  readonly #eventBytes: Uint8Array;
  readonly #eventsBytes: Uint8Array;
  readonly #events: Int32Array;
  #key = 0;
  #running = false;
  #turnOwed = false;
  #restAt = 0;
  #restLeft = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#stride = libc.packed ? 3 : 4;
    this.#eventBytes = new Uint8Array(this.#stride * 4);
    this.#event = new DataView(this.#eventBytes.buffer);
    this.#events = new Int32Array(this.#stride * MOST_EVENTS);
    this.#eventsBytes = new Uint8Array(this.#events.buffer);
    this.#epoll = libc.epoll_create1(EPOLL_CLOEXEC);
    this.#waker = libc.eventfd(0, EPOLL_CLOEXEC | EFD_NONBLOCK);
    if (this.#epoll < 0 || this.#waker < 0) throw new Error(`Cannot make an epoll: errno ${libc.errno()}`);
    this.#register(this.#waker, 0, EPOLLIN | EPOLLET);
  }

  /** Until `forget`. */
  watch(watched: Watched, events: number): void {
    const { fd } = watched;
    this.#key = this.#key + 1 | 0;
    this.#watched[fd] = watched;
    this.#keys[fd] = this.#key;
    this.#count++;
    this.#register(fd, this.#key, events);
    if (this.#running) return;
    this.#running = true;
    setImmediate(this.#round);
  }

  /** To be called before its descriptor is closed. */
  forget(watched: Watched): void {
    this.#watched[watched.fd] = null;
    this.#count--;
    this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_DEL, watched.fd, this.#eventBytes);
    if (this.#count === 0) this.#libc.eventfd_write(this.#waker, 1n);
  }

  /** Somebody waits for a promise, or for another microtask. */
  oweTurn(): void {
    this.#turnOwed = true;
  }

  #register(fd: number, key: number, events: number): void {
    const at = this.#stride * 4 - 8;
    this.#event.setUint32(0, events, true);
    this.#event.setInt32(at, fd, true);
    this.#event.setInt32(at + 4, key, true);
    this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, this.#eventBytes);
  }

  #round = (): void => {
    this.#turnOwed = false;
    while (this.#count > 0) {
      const count = this.#libc.epoll_wait(this.#epoll, this.#eventsBytes, MOST_EVENTS, LIVELY_MS);
      if (count <= 0) return this.#rest(1);
      this.#tellAll(count);
      if (performance.now() >= this.#restAt) return this.#rest(REST_EVENTS);
      if (this.#turnOwed) {
        setImmediate(this.#round);
        return;
      }
    }
    this.#running = false;
  };

  #rest(events: number): void {
    this.#restLeft = events;
    void this.#libc.epoll_wait_elsewhere(this.#epoll, this.#eventsBytes, MOST_EVENTS, -1).then(this.#woken);
  }

  #woken = (count: number): void => {
    this.#tellAll(count);
    if (this.#restLeft > 1 && this.#count > 0) return this.#rest(this.#restLeft - 1);
    this.#restAt = performance.now() + REST_MS;
    setImmediate(this.#round);
  };

  #tellAll(count: number): void {
    for (let i = 0; i < count; i++) this.#tell(i * this.#stride);
  }

  #tell(at: number): void {
    const data = at + this.#stride - 2;
    const fd = this.#events[data]!;
    // With another key it was closed since, and its descriptor belongs to another by now.
    if (this.#keys[fd] !== this.#events[data + 1]) return;
    if (this.#watched[fd]?.onEvents(this.#events[at]!) === false) this.#turnOwed = true;
  }
}
