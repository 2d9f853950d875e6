/**
 * The reading side of a socket: one buffer that is read into, at most one read outstanding.
 * @module
 */
import type { Socket } from "../../host/sockets/index.ts";
import { type Buffers, LARGE_BYTES, SMALL_BYTES } from "./buffers.ts";

const NOTHING = new Uint8Array(0);

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
 * read, and when it is used up the reading goes on in another buffer. Else a buffer whose bytes are all dealt with goes
 * back when the next are waited for, so that keeping a request until it is answered costs neither a copy nor an
 * allocation, and an idle connection no memory.
 */
export class Inlet {
  bytes: Uint8Array = NOTHING;
  at = 0;
  end = 0;
  /** Whether the peer has finished sending, or the connection broke. */
  ended = false;
  /** Why reading failed; null if it did not. */
  failure: unknown = null;
  pinned = false;
  /** Called whenever bytes have come; returns what `came` of `Socket.read` does. Others may wait for them with `fill`. */
  onBytes: (() => boolean) | null = null;
  /** Called once, when `ended` becomes true. */
  onEnd: (() => void) | null = null;

  #socket: Socket;
  #buffers: Buffers;
  #reading = false;
  /** The outstanding read has its buffer: only then can bytes come into it. */
  #lent = false;
  /** The last read filled its buffer: there is more. */
  #full = false;
  #filled: Promise<boolean> | null = null;
  #resolve: (more: boolean) => void = () => {};
  #ahead = false;
  #retired: Uint8Array | null = null;

  constructor(socket: Socket, buffers: Buffers) {
    this.#socket = socket;
    this.#buffers = buffers;
  }

  /** Reads ahead without waiting: see `onBytes` and `onEnd`. What is not dealt with may be moved by it. */
  watch(): void {
    if (this.at === this.end && !this.pinned && !this.#lent) this.#release();
    if (this.#reading || this.ended) return;
    this.#reading = true;
    // Callbacks made once: an async function here would cost more than the read itself.
    this.#socket.read(this.#room, this.#came, this.#broke);
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
   * Has `take` deal with what comes, read after read, until the peer has finished sending or the connection broke.
   * Nobody else may wait for bytes meanwhile.
   *
   * @param take also called for what is here already; it returns what is to be waited for before the next read, or
   * what `onBytes` does
   * @returns rejects with what `take` throws
   */
  each(take: () => Promise<unknown> | boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { onEnd } = this;
    const goOn = (): void => {
      if (this.ended) resolve();
      else this.watch();
    };
    // Callbacks made once: see `watch`.
    this.onBytes = () => {
      try {
        const taken = take();
        if (typeof taken !== "boolean") {
          taken.then(goOn, reject);
          return false;
        }
        goOn();
        return taken;
      } catch (error) {
        reject(error);
        return false;
      }
    };
    this.onEnd = () => {
      onEnd?.();
      resolve();
    };
    this.onBytes();
    return promise;
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
    if (this.#retired) this.#buffers.giveBack(this.#retired);
    this.#retired = null;
  }

  /** Where the next bytes go. */
  #room = (): Uint8Array => {
    this.#lent = true;
    if (this.at === this.end && !this.pinned) {
      this.at = this.end = 0;
      if (this.bytes === NOTHING) this.bytes = this.#buffers.take(this.#full ? LARGE_BYTES : SMALL_BYTES);
    } else {
      this.#makeRoom();
    }
    return this.end === 0 ? this.bytes : this.bytes.subarray(this.end);
  };

  #came = (count: number | null): boolean => {
    this.#reading = this.#lent = false;
    if (count === null) {
      this.#finish();
      return false;
    }
    this.end += count;
    this.#full = this.end === this.bytes.length;
    const awaited = this.#filled !== null;
    if (awaited) this.#settle(true);
    return this.onBytes?.() === true && !awaited;
  };

  #broke = (error: unknown): void => {
    this.#reading = this.#lent = false;
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

  #release(): void {
    if (this.bytes === NOTHING) return;
    this.#buffers.giveBack(this.bytes);
    this.bytes = NOTHING;
    this.at = this.end = 0;
  }

  #makeRoom(): void {
    const size = this.bytes.length;
    if (size > 0 && size - this.end >= size >> 1 || (this.at < this.end && this.end < size)) return;
    const open = this.end - this.at;
    const wanted = this.end === size && size > 0 ? Math.max(LARGE_BYTES, open * 2) : Math.max(SMALL_BYTES, size);
    const next = this.#buffers.take(wanted);
    next.set(this.bytes.subarray(this.at, this.end));
    if (this.pinned) this.#retired = this.bytes;
    else this.#buffers.giveBack(this.bytes);
    this.bytes = next;
    this.at = 0;
    this.end = open;
  }
}
