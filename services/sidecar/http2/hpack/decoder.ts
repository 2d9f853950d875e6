/**
 * Reads header blocks (RFC 7541) and follows the dynamic table of whoever writes them. Read-only: what passes is the
 * block as it came. One decoder for each direction of a connection, and every block of it, in order.
 * @module
 */
import { text } from "../../http1/head.ts";
import { CODE, Http2Error } from "../http2-error.ts";
import { huffmanText } from "./huffman.ts";
import { type HeaderField, STATIC_TABLE } from "./static-table.ts";

/** The fields of one block, each counted with 32 bytes more (RFC 9113 §10.5.1). */
export const MAX_HEADER_LIST_BYTES = 64 * 1024;
/** What a table may hold before anybody has said anything (RFC 9113 §6.5.2). */
const DEFAULT_TABLE_BYTES = 4096;
/** However large a table its reader allows: this much is followed. Go's encoder keeps to 4 KiB, nghttp2's too. */
const MAX_TABLE_BYTES = 64 * 1024;
const FIELD_OVERHEAD = 32;
/** Above, an integer is nonsense: nothing here is that long. */
const MAX_INTEGER = 2 ** 28;

export class Decoder {
  /** Whether the last block changed the table: a reader that misses it understands nothing behind it. */
  touched = false;
  #entries: HeaderField[] = []; // The newest is the last.
  #size = 0;
  #maxSize = DEFAULT_TABLE_BYTES;
  #limit = DEFAULT_TABLE_BYTES;
  #at = 0;

  /** The reader of the blocks has announced SETTINGS_HEADER_TABLE_SIZE. What it allowed once is not held against anybody. */
  allow(bytes: number): void {
    this.#limit = Math.max(this.#limit, Math.min(bytes, MAX_TABLE_BYTES));
  }

  /** @throws {Http2Error} if the block is malformed, or its fields are more than `MAX_HEADER_LIST_BYTES` */
  decode(bytes: Uint8Array, start: number, end: number): HeaderField[] {
    const fields: HeaderField[] = [];
    let size = 0;
    this.touched = false;
    this.#at = start;
    while (this.#at < end) {
      const byte = bytes[this.#at]!;
      if ((byte & 0xe0) === 0x20) {
        if (fields.length > 0) throw malformed("a table's size behind a field");
        this.#resize(this.#integer(bytes, end, 5));
        continue;
      }
      const field = (byte & 0x80) === 0 ? this.#literal(bytes, end, byte) : this.#get(this.#integer(bytes, end, 7));
      size += field.name.length + field.value.length + FIELD_OVERHEAD;
      if (size > MAX_HEADER_LIST_BYTES) {
        throw new Http2Error(CODE.ENHANCE_YOUR_CALM, `Cannot read fields of more than ${MAX_HEADER_LIST_BYTES} bytes`);
      }
      fields.push(field);
    }
    return fields;
  }

  #literal(bytes: Uint8Array, end: number, byte: number): HeaderField {
    const indexed = (byte & 0x40) !== 0;
    const nameIndex = this.#integer(bytes, end, indexed ? 6 : 4);
    const name = nameIndex === 0 ? this.#string(bytes, end) : this.#get(nameIndex).name;
    const value = this.#string(bytes, end);
    const field = (byte & 0x50) === 0x10 ? { name, value, secret: true } : { name, value };
    if (indexed) this.#add(field);
    return field;
  }

  #get(index: number): HeaderField {
    const field = index <= STATIC_TABLE.length
      ? STATIC_TABLE[index - 1]
      : this.#entries[this.#entries.length - (index - STATIC_TABLE.length)];
    if (!field) throw malformed(`a field of index ${index} in a table of ${this.#entries.length}`);
    return field;
  }

  #add(field: HeaderField): void {
    this.touched = true;
    const size = field.name.length + field.value.length + FIELD_OVERHEAD;
    this.#evict(this.#maxSize - size);
    if (size > this.#maxSize) return; // Larger than the table: it only empties it.
    this.#entries.push(field);
    this.#size += size;
  }

  #resize(maxSize: number): void {
    if (maxSize > this.#limit) throw malformed(`a table's size of ${maxSize}, above ${this.#limit}`);
    this.touched = true;
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  #evict(room: number): void {
    let gone = 0;
    while (this.#size > room && gone < this.#entries.length) {
      const { name, value } = this.#entries[gone++]!;
      this.#size -= name.length + value.length + FIELD_OVERHEAD;
    }
    if (gone > 0) this.#entries.splice(0, gone);
  }

  /** RFC 7541 §5.1. */
  #integer(bytes: Uint8Array, end: number, prefixBits: number): number {
    const full = (1 << prefixBits) - 1;
    let value = bytes[this.#at++]! & full;
    if (value < full) return value;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.#at >= end) throw malformed("an integer that is cut off");
      const byte = bytes[this.#at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (value > MAX_INTEGER) break;
      if (byte < 0x80) return value;
    }
    throw malformed(`an integer above ${MAX_INTEGER}`);
  }

  /** RFC 7541 §5.2. */
  #string(bytes: Uint8Array, end: number): string {
    if (this.#at >= end) throw malformed("a string that is cut off");
    const huffman = bytes[this.#at]! >= 0x80;
    const length = this.#integer(bytes, end, 7);
    const start = this.#at;
    if (length > end - start) throw malformed("a string that is cut off");
    this.#at += length;
    return huffman ? huffmanText(bytes, start, this.#at) : text(bytes, start, this.#at);
  }
}

function malformed(what: string): Http2Error {
  return new Http2Error(CODE.COMPRESSION_ERROR, `Cannot read a header block: ${what}`);
}
