/**
 * Follows a body to its end. The bytes of a body of known length and those inside a chunk are skipped, not looked at.
 * @module
 */
import { FramingError, hex } from "./framing-error.ts";
import { CR, LF, TOKEN } from "./head.ts";

/** Chunk extensions and trailers, in bytes: nobody uses them for more. */
const MAX_CHUNK_EXTENSION_BYTES = 4 * 1024;
const MAX_TRAILER_BYTES = 64 * 1024;

/** Whoever merges trailers into the head would read another framing from these (RFC 9110 §6.5.1 forbids them). */
const NO_TRAILERS = new Set(["content-length", "transfer-encoding"]);

// Where in the body. LENGTH: inside a known length. The rest is the chunked coding (RFC 9112 §7.1):
//
//   SIZE ──▶ EXTENSION ──▶ SIZE_LF ──▶ DATA ──▶ DATA_CR ──▶ DATA_LF ──▶ SIZE …
//                             │ size 0
//                             ▼
//         LINE ──▶ NAME ──▶ VALUE ──▶ LINE_LF ──▶ LINE …        LINE ──(CR)──▶ LAST_LF ──▶ DONE
const DONE = 0;
const LENGTH = 1;
const UNTIL_CLOSE = 2;
const SIZE = 3;
const EXTENSION = 4;
const SIZE_LF = 5;
const DATA = 6;
const DATA_CR = 7;
const DATA_LF = 8;
const LINE = 9;
const NAME = 10;
const VALUE = 11;
const LINE_LF = 12;
const LAST_LF = 13;

/** The content of a body, without the chunked coding around it. */
export type BodyTap = (bytes: Uint8Array, start: number, end: number) => void;

export class Body {
  /** Gets the content as it passes, if set. */
  tap: BodyTap | null = null;
  #state = DONE;
  #left = 0;
  #digits = 0;
  #overhead = 0;
  /** Of the trailer that is being read. */
  #name = "";

  get done(): boolean {
    return this.#state === DONE;
  }

  /** Whether only the end of the connection ends it. */
  get untilClose(): boolean {
    return this.#state === UNTIL_CLOSE;
  }

  none(): void {
    this.#state = DONE;
  }

  ofLength(bytes: number): void {
    this.#left = bytes;
    this.#state = bytes === 0 ? DONE : LENGTH;
  }

  inChunks(): void {
    this.#state = SIZE;
    this.#left = this.#digits = this.#overhead = 0;
  }

  toTheEnd(): void {
    this.#state = UNTIL_CLOSE;
  }

  /**
   * Follows the body from `at`.
   *
   * @returns where what belongs to it stops: before `end` only if it is done
   * @throws {FramingError}
   */
  take(bytes: Uint8Array, at: number, end: number): number {
    if (this.#state === DONE || at === end) return at;
    if (this.#state === UNTIL_CLOSE) {
      this.tap?.(bytes, at, end);
      return end;
    }
    if (this.#state === LENGTH) return this.#skip(bytes, at, end, DONE);
    while (at < end && this.#state !== DONE) {
      at = this.#state === DATA ? this.#skip(bytes, at, end, DATA_CR) : this.#framing(bytes[at]!, at);
    }
    return at;
  }

  #skip(bytes: Uint8Array, at: number, end: number, next: number): number {
    const count = Math.min(this.#left, end - at);
    this.tap?.(bytes, at, at + count);
    this.#left -= count;
    if (this.#left === 0) this.#state = next;
    return at + count;
  }

  /** One byte of the chunked coding itself. */
  #framing(byte: number, at: number): number {
    switch (this.#state) {
      case SIZE:
        this.#size(byte);
        break;
      case EXTENSION:
        if (byte === CR) this.#state = SIZE_LF;
        else this.#extension(byte);
        break;
      case SIZE_LF:
        this.#expect(byte, LF);
        this.#digits = this.#overhead = 0;
        this.#state = this.#left === 0 ? LINE : DATA;
        break;
      case DATA_CR:
        this.#expect(byte, CR);
        this.#state = DATA_LF;
        break;
      case DATA_LF:
        this.#expect(byte, LF);
        this.#state = SIZE;
        break;
      case LAST_LF:
        this.#expect(byte, LF);
        this.#state = DONE;
        break;
      default:
        this.#trailer(byte);
    }
    return at + 1;
  }

  #size(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      if (++this.#digits > 13) throw new FramingError("Cannot read a chunk's size of more than 13 digits");
      return;
    }
    if (this.#digits === 0) throw new FramingError(`Cannot read a chunk's size that begins with ${hex(byte)}`);
    if (byte === CR) {
      this.#state = SIZE_LF;
    } else if (byte === 59) {
      this.#state = EXTENSION;
    } else {
      throw new FramingError(`Cannot read a chunk's size with ${hex(byte)}`);
    }
  }

  #extension(byte: number): void {
    if (byte === LF || byte === 0) throw new FramingError(`Cannot read a chunk's extension with ${hex(byte)}`);
    if (++this.#overhead > MAX_CHUNK_EXTENSION_BYTES) {
      throw new FramingError(`Cannot read a chunk's extension of more than ${MAX_CHUNK_EXTENSION_BYTES} bytes`);
    }
  }

  #trailer(byte: number): void {
    if (++this.#overhead > MAX_TRAILER_BYTES) {
      throw new FramingError(`Cannot read trailers of more than ${MAX_TRAILER_BYTES} bytes`);
    }
    if (this.#state === LINE && byte === CR) {
      this.#state = LAST_LF;
    } else if (this.#state === LINE_LF) {
      this.#expect(byte, LF);
      this.#state = LINE;
    } else if (this.#state === VALUE) {
      if (byte === CR) this.#state = LINE_LF;
      else if (byte === LF || byte === 0) {
        throw new FramingError(`Cannot read a trailer with ${hex(byte)} in its value`);
      }
    } else if (this.#state === NAME && byte === 58) {
      const name = this.#name.toLowerCase();
      if (NO_TRAILERS.has(name)) throw new FramingError(`Cannot read a message with ${name} among the trailers`);
      this.#state = VALUE;
    } else if (TOKEN[byte] === 1) {
      this.#name = (this.#state === LINE ? "" : this.#name) + String.fromCharCode(byte);
      this.#state = NAME;
    } else {
      throw new FramingError(`Cannot read a trailer with ${hex(byte)} in its name`);
    }
  }

  #expect(byte: number, expected: number): void {
    if (byte !== expected) {
      throw new FramingError(`Cannot read a chunked body: ${hex(byte)} where ${hex(expected)} belongs`);
    }
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
