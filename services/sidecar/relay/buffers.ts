/**
 * Read buffers, lent to a connection while it has bytes: one that is idle has none, and the next to get some takes the
 * buffer that was given back last, which is still in the processor's cache.
 * @module
 */

/** Some requests of Dapr's usual size, so that one read takes a whole one. */
export const SMALL_BYTES = 16 * 1024;
/** Where a connection carries more at a time. */
export const LARGE_BYTES = 64 * 1024;

/** What is kept for the next one: 1 MiB of each size. */
const SPARE_BYTES = 1024 * 1024;

export class Buffers {
  #spare = new Map<number, Uint8Array[]>([[SMALL_BYTES, []], [LARGE_BYTES, []]]);

  /** @param bytes `SMALL_BYTES`, `LARGE_BYTES`, or any more */
  take(bytes: number): Uint8Array {
    return this.#spare.get(bytes)?.pop() ?? new Uint8Array(bytes);
  }

  /** Nobody may have a view of it that is still to be read. */
  giveBack(buffer: Uint8Array): void {
    const spare = this.#spare.get(buffer.length);
    if (spare && (spare.length + 1) * buffer.length <= SPARE_BYTES) spare.push(buffer);
  }
}
