/**
 * The request of a stream in memory: while the stream is kept back, and while it might have to be sent again.
 *
 * What the budget has no room for is *unpaid*: daprd does not get the flow-control window for it back before it is
 * gone, so that in the end daprd stops by itself.
 * @module
 */
import type { Budget } from "../relay/budget.ts";
import type { HeaderField } from "./hpack/static-table.ts";

type Chunk = { readonly bytes: Uint8Array; readonly paid: boolean };

export class HeldStream {
  readonly fields: readonly HeaderField[];
  trailers: readonly HeaderField[] | null = null;
  /** daprd has sent all of it. */
  complete = false;
  /** Everything that has come is here: it can be sent from its beginning. */
  whole = true;
  /** Whether it is kept after it was sent. */
  retain = true;
  /** Nothing of it will be sent: what still comes is thrown away. */
  discarded = false;
  #budget: Budget;
  #chunks: Chunk[] = [];
  #size = 0;
  #next = 0;
  #offset = 0;

  constructor(budget: Budget, fields: readonly HeaderField[]) {
    this.#budget = budget;
    this.fields = fields;
  }

  /** Keeps a copy. @returns false if that is unpaid */
  keep(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true;
    const paid = this.#size + bytes.length <= this.#budget.perRequestBytes && this.#budget.take(bytes.length);
    if (paid) this.#size += bytes.length;
    this.#chunks.push({ bytes: bytes.slice(), paid });
    return paid;
  }

  /** Keeps a copy of what has been sent already, as long as the budget goes. */
  keepSent(bytes: Uint8Array): void {
    if (!this.whole) return;
    if (this.keep(bytes)) this.#next = this.#chunks.length;
    else this.drop();
  }

  /** Whether all that is here has been taken. */
  get taken(): boolean {
    return this.#next === this.#chunks.length;
  }

  /** What comes next, at most `most` bytes of it; to be followed by `advance`. */
  peek(most: number): Uint8Array {
    return this.#chunks[this.#next]!.bytes.subarray(this.#offset, this.#offset + most);
  }

  /** So many bytes of the next chunk have been taken. @returns how many unpaid bytes are gone with that */
  advance(count: number): number {
    const { bytes, paid } = this.#chunks[this.#next]!;
    this.#offset += count;
    if (this.#offset < bytes.length) return 0;
    this.#offset = 0;
    this.#next++;
    if (this.retain && paid) return 0;
    // What can't stay makes the rest useless, once it is sent.
    this.retain = this.whole = false;
    return this.#forget(this.#next);
  }

  /** From the beginning again. */
  rewind(): void {
    this.#next = this.#offset = 0;
  }

  /** Nothing of it will be sent (again), nor of what still comes. @returns how many unpaid bytes are gone with that */
  discard(): number {
    this.discarded = true;
    return this.drop();
  }

  /** Nothing that is here is needed any more. @returns how many unpaid bytes are gone with that */
  drop(): number {
    this.whole = false;
    this.#offset = 0;
    return this.#forget(this.#chunks.length);
  }

  #forget(count: number): number {
    let unpaid = 0;
    let back = 0;
    for (const { bytes, paid } of this.#chunks.splice(0, count)) {
      if (paid) back += bytes.length;
      else unpaid += bytes.length;
    }
    this.#size -= back;
    this.#next = 0;
    if (back > 0) this.#budget.giveBack(back);
    return unpaid;
  }
}
