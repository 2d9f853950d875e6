/** What is malformed is refused, and for the same reason whether it comes at once or byte by byte. */
import { describe, expect, it } from "vitest";
import { Body } from "../../services/sidecar/http1/body.ts";
import { FramingError } from "../../services/sidecar/http1/framing-error.ts";
import { RequestHead } from "../../services/sidecar/http1/request-head.ts";
import { ResponseHead } from "../../services/sidecar/http1/response-head.ts";
import { MALFORMED_ANSWERS, MALFORMED_REQUESTS, ODD_REQUESTS, SMUGGLED } from "../fixtures/malformed-messages.ts";

/** Reads messages until the bytes end, which come `step` at a time. @returns where each one ended */
function read(head: RequestHead | ResponseHead, text: string, step: number): number[] {
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const ends: number[] = [];
  const body = new Body();
  let at = 0;
  let inBody = false;
  for (let come = step; come < bytes.length + step; come += step) {
    const end = Math.min(come, bytes.length);
    for (;;) {
      if (!inBody) {
        const bodyAt = head.read(bytes, at, end);
        if (bodyAt < 0) break;
        at = bodyAt;
        if (head.chunked) body.inChunks();
        else body.ofLength(Math.max(0, head.contentLength));
      }
      at = body.take(bytes, at, end);
      inBody = !body.done;
      if (inBody) break;
      ends.push(at);
    }
  }
  return ends;
}

function refusal(head: RequestHead | ResponseHead, text: string, step: number): string {
  try {
    return `read, up to ${read(head, text, step).join(", ")}`;
  } catch (error) {
    if (error instanceof FramingError) return error.message;
    throw error;
  }
}

describe("a request with", () => {
  it.each(MALFORMED_REQUESTS)("%s is refused", (_, text, says) => {
    expect(refusal(new RequestHead(), text, text.length)).toContain(says);
    expect(refusal(new RequestHead(), text, 1)).toContain(says);
  });

  it.each(ODD_REQUESTS)("%s ends where it ends", (_, text) => {
    const both = text + SMUGGLED;
    for (const step of [both.length, 1]) {
      expect(read(new RequestHead(), both, step)).toEqual([text.length, both.length]);
    }
  });
});

describe("an answer with", () => {
  it.each(MALFORMED_ANSWERS)("%s is refused", (_, text, says) => {
    expect(refusal(new ResponseHead(), text, text.length)).toContain(says);
    expect(refusal(new ResponseHead(), text, 1)).toContain(says);
  });
});
