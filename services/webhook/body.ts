/**
 * Reading a request's body up to a limit.
 *
 * Hono's own limit makes a new request of the bounded body, which @hono/node-server's requests do not allow where they
 * leave the global `Request` alone.
 * @module
 */
import { Buffer, isUtf8 } from "node:buffer";

/** Said of a body that can't be taken, with the status to answer. */
export class BodyError extends Error {
  readonly code = "DAPS_BODY";
  readonly status: 400 | 413;

  constructor(status: 400 | 413, message: string) {
    super(message);
    this.name = "BodyError";
    this.status = status;
  }
}

/**
 * The body as text, read no further than the limit.
 *
 * @throws {BodyError} when it is longer than `maxBytes` or not UTF-8
 */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = (): BodyError => new BodyError(413, `the body has more than ${maxBytes} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request.body ?? []) {
    bytes += part.length;
    if (bytes > maxBytes) throw tooLarge();
    parts.push(part);
  }
  const body = Buffer.concat(parts, bytes);
  if (!isUtf8(body)) throw new BodyError(400, "the body is not UTF-8");
  return body.toString();
}
