/**
 * Reads the head of an HTTP/1 message in place: start line, the few fields that framing depends on, end. Strict where
 * two parsers could differ; the bytes themselves are never changed.
 * @module
 */
import { FramingError, hex } from "./framing-error.ts";

/** A head that is longer is refused. Go's own limit for what daprd reads is 4 KiB by default, for servers 1 MiB. */
export const MAX_HEAD_BYTES = 64 * 1024;

export const CR = 13;
export const LF = 10;
const SP = 32;
const HT = 9;
const COLON = 58;
const COMMA = 44;

/** 1 for the bytes of a token (RFC 9110 §5.6.2). */
export const TOKEN: Uint8Array = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  TOKEN[char.charCodeAt(0)] = 1;
}

/** What framing needs of a head; filled by `read`, valid until the next head begins. */
export abstract class Head {
  /** The digit after `HTTP/1.`. */
  minor = 1;
  /** Value of Content-Length; -1 if there is none. */
  contentLength = -1;
  chunked = false;
  /** `Connection: close`. */
  close = false;
  /** `Connection: keep-alive`. */
  keepAlive = false;
  /** `Connection: upgrade`. */
  upgrade = false;

  // Offsets from the head's first byte, because the bytes may be moved between two reads.
  #line = 0;
  #scanned = 0;
  #startLineSeen = false;
  #transferEncoding = false;

  /**
   * Reads on in a head whose first byte is at `from`. A head that is not complete is asked for again, with more bytes,
   * wherever they are by then.
   *
   * @returns where the head ends, after its empty line; -1 if it does not end before `end`
   * @throws {FramingError}
   */
  read(bytes: Uint8Array, from: number, end: number): number {
    if (this.#scanned === 0) this.reset();
    for (;;) {
      // Not indexOf: it would look through the rest of the buffer, which is not this head's.
      let lf = from + this.#scanned;
      while (lf < end && bytes[lf] !== LF) lf++;
      if (lf - from >= MAX_HEAD_BYTES) {
        throw new FramingError(`Cannot read a head of more than ${MAX_HEAD_BYTES} bytes`);
      }
      if (lf === end) {
        if (end > from && TOKEN[bytes[from]!] !== 1) {
          throw new FramingError(`Cannot read a head as it begins with ${hex(bytes[from])}`);
        }
        this.#scanned = end - from;
        return -1;
      }
      const start = from + this.#line;
      if (lf === start || bytes[lf - 1] !== CR) {
        throw new FramingError("Cannot read a head as a line ends with a bare LF");
      }
      this.#line = this.#scanned = lf + 1 - from;
      if (!this.#startLineSeen) {
        this.#startLineSeen = true;
        this.startLine(bytes, start, lf - 1);
      } else if (lf - 1 > start) {
        this.#field(bytes, start, lf - 1);
      } else {
        this.#line = this.#scanned = 0;
        this.#startLineSeen = false;
        this.#check();
        return lf + 1;
      }
    }
  }

  /** Whether the connection is meant to go on after this message (RFC 9112 §9.3). */
  get persistent(): boolean {
    return this.minor === 1 ? !this.close : this.keepAlive && !this.close;
  }

  protected reset(): void {
    this.minor = 1;
    this.contentLength = -1;
    this.chunked =
      this.close =
      this.keepAlive =
      this.upgrade =
      this.#transferEncoding =
        false;
  }

  /** The start line without its CRLF. */
  protected abstract startLine(bytes: Uint8Array, start: number, end: number): void;

  /** A field; name and value as ranges, the value without the whitespace around it. Called for any length of name. */
  protected field(bytes: Uint8Array, name: number, nameLength: number, value: number, end: number): void {
    switch (nameLength) {
      case 10:
        if (isName(bytes, name, "connection")) this.#connection(bytes, value, end);
        break;
      case 14:
        if (isName(bytes, name, "content-length")) this.#contentLength(bytes, value, end);
        break;
      case 17:
        if (isName(bytes, name, "transfer-encoding")) this.#encoding(bytes, value, end);
        break;
    }
  }

  /** `HTTP/1.0` or `HTTP/1.1`, nothing else: what speaks another version is not relayed by this observer. */
  protected version(bytes: Uint8Array, start: number, end: number): void {
    const digit = bytes[start + 7]! - 48;
    if (end - start !== 8 || !isText(bytes, start, "HTTP/1.") || (digit !== 0 && digit !== 1)) {
      throw new FramingError(`Cannot read a head of this version: ${text(bytes, start, Math.min(end, start + 16))}`);
    }
    this.minor = digit;
  }

  #field(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (TOKEN[bytes[at]!] === 1) at++;
    if (at === start || bytes[at] !== COLON) {
      const what = bytes[start] === SP || bytes[start] === HT ? "a folded line" : `${hex(bytes[at])} in a field's name`;
      throw new FramingError(`Cannot read a head with ${what}`);
    }
    let value = at + 1;
    for (let i = value; i < end; i++) {
      const byte = bytes[i]!;
      if (byte === CR || byte === 0) throw new FramingError(`Cannot read a head with ${hex(byte)} in a field's value`);
    }
    while (value < end && (bytes[value] === SP || bytes[value] === HT)) value++;
    while (end > value && (bytes[end - 1] === SP || bytes[end - 1] === HT)) end--;
    this.field(bytes, start, at - start, value, end);
  }

  #contentLength(bytes: Uint8Array, value: number, end: number): void {
    let length = 0;
    for (let i = value; i < end; i++) {
      const digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) length = Number.NaN;
      else length = length * 10 + digit;
    }
    if (value === end || !(length <= Number.MAX_SAFE_INTEGER)) {
      throw new FramingError(`Cannot read a Content-Length that is not a number of bytes: ${text(bytes, value, end)}`);
    }
    if (this.contentLength >= 0 && this.contentLength !== length) {
      throw new FramingError(`Cannot read a head with two lengths: ${this.contentLength} and ${length}`);
    }
    this.contentLength = length;
  }

  #encoding(bytes: Uint8Array, value: number, end: number): void {
    // Not trim(): it takes away more than HTTP's whitespace, and what it does not see hides a coding.
    const codings = text(bytes, value, end).toLowerCase().split(/[ \t]*,[ \t]*/);
    if (this.#transferEncoding || codings.indexOf("chunked") !== codings.length - 1 || codings.includes("")) {
      throw new FramingError(`Cannot read a message with this Transfer-Encoding: ${text(bytes, value, end)}`);
    }
    this.#transferEncoding = this.chunked = true;
  }

  #connection(bytes: Uint8Array, value: number, end: number): void {
    let at = value;
    while (at < end) {
      let comma = at;
      while (comma < end && bytes[comma] !== COMMA) comma++;
      let stop = comma;
      while (at < stop && (bytes[at] === SP || bytes[at] === HT)) at++;
      while (stop > at && (bytes[stop - 1] === SP || bytes[stop - 1] === HT)) stop--;
      if (stop - at === 5 && isName(bytes, at, "close")) this.close = true;
      else if (stop - at === 10 && isName(bytes, at, "keep-alive")) this.keepAlive = true;
      else if (stop - at === 7 && isName(bytes, at, "upgrade")) this.upgrade = true;
      at = comma + 1;
    }
  }

  #check(): void {
    if (!this.chunked) return;
    if (this.contentLength >= 0) {
      throw new FramingError("Cannot read a head with both Content-Length and Transfer-Encoding");
    }
    if (this.minor === 0) throw new FramingError("Cannot read a message of HTTP/1.0 with a Transfer-Encoding");
  }
}

/** Whether the bytes at `at` are `name`, which is in lower case, whatever their own case. */
export function isName(bytes: Uint8Array, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if ((bytes[at + i]! | 32) !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether the bytes at `at` are exactly `expected`. */
export function isText(bytes: Uint8Array, at: number, expected: string): boolean {
  for (let i = 0; i < expected.length; i++) {
    if (bytes[at + i] !== expected.charCodeAt(i)) return false;
  }
  return true;
}

/** The bytes as characters, one for one. */
export function text(bytes: Uint8Array, start: number, end: number): string {
  let out = "";
  for (let i = start; i < end; i++) out += String.fromCharCode(bytes[i]!);
  return out;
}
