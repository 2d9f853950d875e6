/** The head of a response, read in place. @module */
import { FramingError, hex } from "./framing-error.ts";
import { Head, text } from "./head.ts";

/** What follows a response's head (RFC 9112 §6.3). */
export class ResponseHead extends Head {
  status = 0;

  /** 1xx but 101: the final head is still to come. */
  get interim(): boolean {
    return this.status < 200 && this.status !== 101;
  }

  /** @param method of the request that this answers */
  hasBody(method: string): boolean {
    return method !== "HEAD" && this.status !== 204 && this.status !== 304;
  }

  protected override startLine(bytes: Uint8Array, start: number, end: number): void {
    this.version(bytes, start, Math.min(start + 8, end));
    let status = 0;
    for (let i = start + 9; i < start + 12; i++) {
      const digit = i < end ? bytes[i]! - 48 : -1;
      status = digit >= 0 && digit <= 9 ? status * 10 + digit : Number.NaN;
    }
    const after = bytes[start + 12];
    if (bytes[start + 8] !== 32 || !(status >= 100) || (end > start + 12 && after !== 32)) {
      throw new FramingError(`Cannot read a status line: ${text(bytes, start, Math.min(end, start + 32))}`);
    }
    for (let i = start + 12; i < end; i++) {
      if (bytes[i] === 13 || bytes[i] === 0) throw new FramingError(`Cannot read a status line with ${hex(bytes[i])}`);
    }
    this.status = status;
  }
}
