/**
 * As much of protocol buffers as Dapr's messages to an app need: numbers, texts, bytes and messages in messages.
 *
 * @module
 */

/** A field as it is written: its number, and a number, or bytes of some kind. */
export type Field = readonly [number: number, value: number | string | Uint8Array];

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A message of these fields, in their order. */
export function encode(fields: readonly Field[]): Uint8Array {
  const out: number[] = [];
  for (const [number, value] of fields) {
    if (typeof value === "number") {
      varint(out, number << 3 | VARINT);
      varint(out, value);
    } else {
      const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
      varint(out, number << 3 | BYTES);
      varint(out, bytes.length);
      for (const byte of bytes) out.push(byte);
    }
  }
  return Uint8Array.from(out);
}

function varint(out: number[], value: number): void {
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) out.push(rest % 0x80 | 0x80);
  out.push(rest);
}

/** The fields of a message; of one that is repeated, the last. What is left out is empty. */
export class Message {
  readonly #bytes = new Map<number, Uint8Array>();
  readonly #numbers = new Map<number, number>();
  readonly #data: Uint8Array;
  #at = 0;

  /** @throws {RangeError} when the bytes are no message */
  constructor(data: Uint8Array) {
    this.#data = data;
    while (this.#at < data.length) this.#field();
  }

  number(field: number): number {
    return this.#numbers.get(field) ?? 0;
  }

  bytes(field: number): Uint8Array {
    return this.#bytes.get(field) ?? new Uint8Array(0);
  }

  text(field: number): string {
    return new TextDecoder().decode(this.bytes(field));
  }

  message(field: number): Message {
    return new Message(this.bytes(field));
  }

  #field(): void {
    const key = this.#varint();
    const number = Math.floor(key / 8);
    switch (key % 8) {
      case VARINT:
        this.#numbers.set(number, this.#varint());
        return;
      case BYTES:
        this.#bytes.set(number, this.#take(this.#varint()));
        return;
      case FIXED64:
        this.#take(8);
        return;
      case FIXED32:
        this.#take(4);
        return;
      default:
        throw new RangeError(`Cannot read a message: received wire type ${key % 8} at byte ${this.#at}`);
    }
  }

  #varint(): number {
    let value = 0;
    for (let unit = 1;; unit *= 0x80) {
      const byte = this.#take(1)[0]!;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#data.length) {
      throw new RangeError(`Cannot read a message: received ${this.#data.length} bytes where ${end} were announced`);
    }
    const taken = this.#data.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
