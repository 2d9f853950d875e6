/** What the HTTP/2 observer throws, and the codes that go over the wire. @module */

/** Error codes of RFC 9113 §7. */
export const CODE = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;

/** A connection error: nothing that comes behind it can be understood. */
export class Http2Error extends Error {
  override readonly name = "Http2Error";
  /** As in RFC 9113 §7. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
