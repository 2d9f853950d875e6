/**
 * Writes header blocks without the dynamic table: their reader needs to have seen none before, and is left as it was.
 * @module
 */
import { type HeaderField, indexOfField, indexOfName } from "./static-table.ts";

/** @param emptyTable first tells the reader to empty its table, which any limit that it has set allows */
export function encodeFields(fields: readonly HeaderField[], emptyTable = false): Uint8Array {
  const out = new Bytes(fields.reduce((size, { name, value }) => size + name.length + value.length + 12, 1));
  if (emptyTable) out.byte(0x20);
  for (const { name, value, secret = false } of fields) {
    const index = secret ? 0 : indexOfField(name, value);
    if (index > 0) {
      out.integer(0x80, 7, index);
      continue;
    }
    const nameIndex = indexOfName(name);
    out.integer(secret ? 0x10 : 0, 4, nameIndex);
    if (nameIndex === 0) out.string(name);
    out.string(value);
  }
  return out.written;
}

class Bytes {
  #bytes: Uint8Array;
  #at = 0;

  constructor(most: number) {
    this.#bytes = new Uint8Array(most);
  }

  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  integer(flags: number, prefixBits: number, value: number): void {
    const full = (1 << prefixBits) - 1;
    if (value < full) return this.byte(flags | value);
    this.byte(flags | full);
    let rest = value - full;
    for (; rest >= 0x80; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  string(value: string): void {
    this.integer(0, 7, value.length);
    for (let i = 0; i < value.length; i++) this.byte(value.charCodeAt(i));
  }
}
