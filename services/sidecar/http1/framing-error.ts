/** What the observer throws. @module */

/** A message whose framing is malformed, or that two parsers could read two ways (RFC 9112 §6.3, §11). */
export class FramingError extends Error {
  override readonly name = "FramingError";
}

/** How a byte is named in an error: `0x0a`. */
export function hex(byte: number | undefined): string {
  return byte === undefined ? "nothing" : `0x${byte.toString(16).padStart(2, "0")}`;
}
