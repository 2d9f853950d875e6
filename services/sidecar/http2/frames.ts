/**
 * HTTP/2 frames (RFC 9113 §4, §6): read in place, and the few that DAPS writes itself.
 * @module
 */
import { CODE, Http2Error } from "./http2-error.ts";

export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;
export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;
export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_STREAMS: 3,
  INITIAL_WINDOW: 4,
  MAX_FRAME: 5,
} as const;

/** What the client of a connection sends first (RFC 9113 §3.4). */
export const PREFACE: Uint8Array = Uint8Array.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (char) => char.charCodeAt(0));
/** Both windows, and the largest frame, before anybody has said anything (RFC 9113 §6.5.2, §6.9.2). */
export const DEFAULT_WINDOW = 65_535;
export const DEFAULT_MAX_FRAME = 16_384;
export const MAX_STREAM_ID = 2 ** 31 - 1;

const HEADER_BYTES = 9;
/** A header block with the frames around it, as it is on the wire. */
const MAX_BLOCK_BYTES = 80 * 1024;
const FIXED_LENGTH: Readonly<Record<number, number>> = { 2: 5, 3: 4, 6: 8, 8: 4 };

/** One frame where it lies; a header block with its continuations is one. Filled by `read`, valid until the next. */
export class Frame {
  type = 0;
  flags = 0;
  id = 0;
  /** Length of the payload with its padding: what flow control counts. */
  length = 0;
  /** The payload without padding and priority is `bytes[start..end)`. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Where the next frame begins, in the bytes that were read. */
  next = 0;

  /**
   * @param maxLength what whoever gets the frame has allowed
   * @returns false if it is not complete before `end`
   * @throws {Http2Error}
   */
  read(bytes: Uint8Array, at: number, end: number, maxLength: number): boolean {
    if (end - at < HEADER_BYTES) return false;
    this.length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    this.type = bytes[at + 3]!;
    this.flags = bytes[at + 4]!;
    this.id = uint32(bytes, at + 5) & MAX_STREAM_ID;
    if (this.length > maxLength) {
      throw new Http2Error(CODE.FRAME_SIZE_ERROR, `Cannot read a frame of ${this.length} bytes, above ${maxLength}`);
    }
    this.#check();
    this.bytes = bytes;
    this.start = at + HEADER_BYTES;
    this.next = this.end = this.start + this.length;
    if (this.next > end) return false;
    if (this.type === TYPE.DATA || this.type === TYPE.HEADERS) this.#strip();
    return this.type !== TYPE.HEADERS || this.has(FLAG.END_HEADERS) || this.#continue(at, end);
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  /** The 32-bit number in the payload, `offset` bytes on. */
  uint32(offset = 0): number {
    return uint32(this.bytes, this.start + offset);
  }

  get payload(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** Calls back with each setting of a SETTINGS frame. */
  eachSetting(use: (id: number, value: number) => void): void {
    for (let at = this.start; at < this.end; at += 6) {
      use((this.bytes[at]! << 8) | this.bytes[at + 1]!, uint32(this.bytes, at + 2));
    }
  }

  #check(): void {
    const { type, id, length } = this;
    const ofConnection = type === TYPE.SETTINGS || type === TYPE.PING || type === TYPE.GOAWAY;
    const ofStream = type <= TYPE.RST_STREAM || type === TYPE.PUSH_PROMISE;
    if ((ofConnection && id !== 0) || (ofStream && id === 0) || type === TYPE.CONTINUATION) {
      throw new Http2Error(CODE.PROTOCOL_ERROR, `Cannot read a frame of type ${type} on stream ${id}`);
    }
    const fixed = FIXED_LENGTH[type];
    const wrong = fixed !== undefined
      ? length !== fixed
      : (type === TYPE.SETTINGS && length % 6 !== 0) || (type === TYPE.GOAWAY && length < 8);
    if (wrong) throw new Http2Error(CODE.FRAME_SIZE_ERROR, `Cannot read a frame of type ${type} and ${length} bytes`);
  }

  #strip(): void {
    const padding = this.has(FLAG.PADDED) ? this.#padding() : 0;
    if (this.type === TYPE.HEADERS && this.has(FLAG.PRIORITY)) this.start += 5;
    this.end = this.next - padding;
    if (this.end < this.start) throw new Http2Error(CODE.PROTOCOL_ERROR, "Cannot read a frame that is all padding");
  }

  /** Of an empty frame, whose padding has no length even, more than there is. */
  #padding(): number {
    return this.length > 0 ? this.bytes[this.start++]! : 1;
  }

  /** Puts the parts of a header block together. Nothing may come between them (RFC 9113 §4.3). */
  #continue(from: number, end: number): boolean {
    const { bytes } = this;
    const parts = [bytes.subarray(this.start, this.end)];
    for (let at = this.next;;) {
      if (end - at < HEADER_BYTES) return false;
      const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
      if (bytes[at + 3] !== TYPE.CONTINUATION || (uint32(bytes, at + 5) & MAX_STREAM_ID) !== this.id) {
        throw new Http2Error(CODE.PROTOCOL_ERROR, "Cannot read a header block with another frame in it");
      }
      const next = at + HEADER_BYTES + length;
      if (next - from > MAX_BLOCK_BYTES) {
        throw new Http2Error(
          CODE.ENHANCE_YOUR_CALM,
          `Cannot read a header block of more than ${MAX_BLOCK_BYTES} bytes`,
        );
      }
      if (next > end) return false;
      parts.push(bytes.subarray(at + HEADER_BYTES, next));
      if ((bytes[at + 4]! & FLAG.END_HEADERS) !== 0) return this.#joined(parts, next);
      at = next;
    }
  }

  #joined(parts: readonly Uint8Array[], next: number): true {
    this.next = next;
    this.bytes = concat(parts);
    this.start = 0;
    this.end = this.bytes.length;
    return true;
  }
}

export function frame(type: number, flags: number, id: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  bytes[0] = payload.length >> 16;
  bytes[1] = payload.length >> 8;
  bytes[2] = payload.length;
  bytes[3] = type;
  bytes[4] = flags;
  put32(bytes, 5, id);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** A header block, in as many frames as it takes; each is of the size that every peer allows. */
export function headersFrames(id: number, block: Uint8Array, endStream: boolean): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < block.length; at += DEFAULT_MAX_FRAME) {
    const part = block.subarray(at, at + DEFAULT_MAX_FRAME);
    const flags = (at === 0 && endStream ? FLAG.END_STREAM : 0) |
      (at + part.length === block.length ? FLAG.END_HEADERS : 0);
    frames.push(frame(at === 0 ? TYPE.HEADERS : TYPE.CONTINUATION, flags, id, part));
  }
  return frames.length === 1 ? frames[0]! : concat(frames);
}

export function windowUpdate(id: number, increment: number): Uint8Array {
  return frame(TYPE.WINDOW_UPDATE, 0, id, uint32Bytes(increment));
}

export function rstStream(id: number, code: number): Uint8Array {
  return frame(TYPE.RST_STREAM, 0, id, uint32Bytes(code));
}

export function goAway(lastId: number, code: number): Uint8Array {
  return frame(TYPE.GOAWAY, 0, 0, uint32Bytes(lastId, code));
}

export function settings(values: ReadonlyMap<number, number>): Uint8Array {
  const payload = new Uint8Array(6 * values.size);
  let at = 0;
  for (const [id, value] of values) {
    payload[at + 1] = id;
    put32(payload, at + 2, value);
    at += 6;
  }
  return frame(TYPE.SETTINGS, 0, 0, payload);
}

export const SETTINGS_ACK: Uint8Array = frame(TYPE.SETTINGS, FLAG.ACK, 0, new Uint8Array(0));

function uint32Bytes(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [i, value] of values.entries()) put32(bytes, 4 * i, value);
  return bytes;
}

export function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
