/** The observer reads the same however the bytes come, and throws nothing but what it is meant to. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Body } from "../../services/sidecar/http1/body.ts";
import { FramingError } from "../../services/sidecar/http1/framing-error.ts";
import { RequestHead } from "../../services/sidecar/http1/request-head.ts";
import { ResponseHead } from "../../services/sidecar/http1/response-head.ts";
import { exchanges } from "./relay-messages.ts";

const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

type Reading = { end: number; fields: unknown; bodyEnd: number } | "refused";

/** Reads one message whose bytes come `step` at a time. */
function read(head: RequestHead | ResponseHead, bytes: Uint8Array, step: number): Reading {
  try {
    let end = -1;
    for (let seen = step; end < 0 && seen < bytes.length + step; seen += step) {
      end = head.read(bytes, 0, Math.min(seen, bytes.length));
    }
    if (end < 0) return { end, fields: null, bodyEnd: -1 };
    const { minor, contentLength, chunked, persistent, upgrade } = head;
    const body = new Body();
    if (chunked) body.inChunks();
    else if (contentLength >= 0) body.ofLength(contentLength);
    let at = end;
    for (let seen = end + step; !body.done && at < bytes.length; seen += step) {
      at = body.take(bytes, at, Math.min(seen, bytes.length));
    }
    return { end, fields: { minor, contentLength, chunked, persistent, upgrade, done: body.done }, bodyEnd: at };
  } catch (error) {
    if (error instanceof FramingError) return "refused";
    throw error;
  }
}

/** A valid message with some bytes replaced, inserted or taken out: most of them where framing is. */
const damaged = fc.tuple(
  exchanges,
  fc.boolean(),
  fc.array(
    fc.tuple(
      fc.nat({ max: 400 }),
      fc.constantFrom(0, 9, 10, 11, 13, 32, 44, 48, 58, 59, 255),
      fc.constantFrom(0, 1, 2),
    ),
    { maxLength: 4 },
  ),
).map(([[exchange], answer, edits]) => {
  const text = answer ? exchange!.answer : exchange!.request.head + exchange!.request.body;
  const bytes = [...bytesOf(text.slice(0, 2000))];
  for (const [at, byte, kind] of edits) {
    const index = at % (bytes.length + 1);
    bytes.splice(index, kind === 0 ? 1 : 0, ...(kind === 1 ? [byte, byte] : [byte]).slice(0, kind === 2 ? 0 : 2));
    if (kind === 2) bytes.splice(index, 1);
  }
  return { answer, bytes: Uint8Array.from(bytes) };
});

it("reads damaged messages the same, whole or in steps, or refuses both", () => {
  fc.assert(
    fc.property(damaged, fc.constantFrom(1, 2, 3, 7, 64), ({ answer, bytes }, step) => {
      const make = () => answer ? new ResponseHead() : new RequestHead();
      expect(read(make(), bytes, step)).toEqual(read(make(), bytes, bytes.length || 1));
    }),
    { numRuns: 2000 },
  );
});
