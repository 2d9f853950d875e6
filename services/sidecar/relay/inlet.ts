/**
 * The reading side of a socket: one buffer that is read into, at most one read outstanding.
 * @module
 */
import type { Socket } from "../../host/sockets/index.ts";

/** A first buffer: some requests of Dapr's usual size, so that one read takes a whole one. */
const SMALL_BYTES = 16 * 1024;
/** Where a connection carries more at a time. */
const LARGE_BYTES = 64 * 1024;

/**
 * Bytes that came are `bytes[at..end)`. The owner moves `at` on as it deals with them.
 *
 * ```
 *      pinned      not dealt with      room
 *   ├───────────┼──────────────────┼──────────┤
 *             at                end
 * ```
 *
 * While `pinned`, what was dealt with is not overwritten: somebody keeps views of it. Then the room shrinks with each
 * read, and when it is used up the reading goes on in another buffer. Two of them take turns, so that keeping a
 * request until it is answered costs neither a copy nor an allocation.
 */
export class Inlet {
  bytes: Uint8Array = new Uint8Array(SMALL_BYTES);
  at = 0;
  end = 0;
  /** Whether the peer has finished sending, or the connection broke. */
  ended = false;
  /** Why reading failed; null if it did not. */
  failure: unknown = null;
  pinned = false;
  /** Called whenever bytes have come. Somebody may wait for them with `fill` as well. */
  onBytes: (() => void) | null = null;
  /** Called once, when `ended` becomes true. */
  onEnd: (() => void) | null = null;

  #socket: Socket;
  #reading = false;
  #filled: Promise<boolean> | null = null;
  #resolve: (more: boolean) => void = () => {};
  #ahead = false;
  #spare: Uint8Array | null = null;
  #retired: Uint8Array | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Reads ahead without waiting: see `onBytes` and `onEnd`. What is not dealt with may be moved by it. */
  watch(): void {
    if (this.#reading || this.ended) return;
    this.#reading = true;
    this.#makeRoom();
    // Callbacks made once: an async function here would cost more than the read itself.
    this.#socket.read(this.end === 0 ? this.bytes : this.bytes.subarray(this.end)).then(this.#came, this.#broke);
  }

  /**
   * Waits for more bytes than there are. What is not dealt with may be moved by it.
   *
   * @returns false once the peer has finished sending or the connection broke; it never throws
   */
  fill(): Promise<boolean> {
    if (this.ended) return Promise.resolve(false);
    this.#filled ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.watch();
    return this.#filled;
  }

  /**
   * Reads on while nobody deals with the bytes, so that the end of the connection is noticed behind them too, up to a
   * bound. Until `stopReadingAhead`.
   */
  async readAhead(): Promise<void> {
    this.#ahead = true;
    while (this.#ahead && this.end - this.at < LARGE_BYTES && await this.fill());
  }

  stopReadingAhead(): void {
    this.#ahead = false;
  }

  /** Nobody keeps views of what was dealt with any more. */
  unpin(): void {
    this.pinned = false;
    if (this.#retired) {
      this.#spare = this.#retired;
      this.#retired = null;
    }
  }

  #came = (count: number | null): void => {
    this.#reading = false;
    if (count === null) return this.#finish();
    this.end += count;
    if (this.#filled) this.#settle(true);
    this.onBytes?.();
  };

  #broke = (error: unknown): void => {
    this.#reading = false;
    this.failure = error;
    this.#finish();
  };

  #finish(): void {
    this.ended = true;
    if (this.#filled) this.#settle(false);
    this.onEnd?.();
  }

  #settle(more: boolean): void {
    this.#filled = null;
    this.#resolve(more);
  }

  #makeRoom(): void {
    if (this.at === this.end && !this.pinned) {
      if (this.end === this.bytes.length && this.bytes.length < LARGE_BYTES) this.bytes = new Uint8Array(LARGE_BYTES);
      this.at = this.end = 0;
      return;
    }
    const size = this.bytes.length;
    if (size - this.end >= size >> 1 || (this.at < this.end && this.end < size)) return;
    const open = this.end - this.at;
    const wanted = this.end === size ? Math.max(LARGE_BYTES, open * 2) : size;
    const next = this.#spare && this.#spare.length >= wanted ? this.#spare : new Uint8Array(wanted);
    next.set(this.bytes.subarray(this.at, this.end));
    this.#spare = null;
    if (this.pinned) this.#retired = this.bytes;
    else this.#spare = this.bytes;
    this.bytes = next;
    this.at = 0;
    this.end = open;
  }
}
