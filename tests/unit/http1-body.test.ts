import { describe, expect, it } from "vitest";
import { Body } from "../../services/sidecar/http1/body.ts";

const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** How many of the bytes belong to the body, and its content; the same at once and byte by byte. */
function follow(begin: (body: Body) => void, text: string): { taken: number; content: string; done: boolean } {
  const bytes = bytesOf(text);
  const results = [bytes.length, 1].map((step) => {
    const body = new Body();
    begin(body);
    let content = "";
    body.tap = (chunk, start, end) => {
      content += String.fromCharCode(...chunk.subarray(start, end));
    };
    let at = 0;
    for (let end = step; at < bytes.length && !body.done; end += step) {
      at = body.take(bytes, at, Math.min(end, bytes.length));
    }
    return { taken: at, content, done: body.done };
  });
  expect(results[1]).toEqual(results[0]);
  return results[0]!;
}

const inChunks = (body: Body) => body.inChunks();

describe("Body", () => {
  it.each([
    [0, "next", 0, ""],
    [4, "bodynext", 4, "body"],
    [8, "body", 4, "body"],
  ])("of %i bytes in %j takes %i", (length, text, taken, content) => {
    expect(follow((body) => body.ofLength(length), text)).toEqual({ taken, content, done: taken === length });
  });

  it("to the connection's end takes everything", () => {
    expect(follow((body) => body.toTheEnd(), "what\r\never")).toEqual({
      taken: 10,
      content: "what\r\never",
      done: false,
    });
  });

  it("that is none takes nothing", () => {
    expect(follow((body) => body.none(), "next")).toEqual({ taken: 0, content: "", done: true });
  });

  it.each([
    ["0\r\n\r\n", ""],
    ["4\r\nbody\r\n0\r\n\r\n", "body"],
    ["A\r\n0123456789\r\nb\r\n01234567890\r\n00\r\n\r\n", "012345678901234567890"],
    ["5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"],
    ["4;name=value;x\r\nbody\r\n0;last\r\n\r\n", "body"],
    ['4;q="a;b"\r\nbody\r\n0\r\n\r\n', "body"],
    ["0\r\nChecksum: abc\r\nX-Empty:\r\n\r\n", ""],
  ])("in chunks %j", (text, content) => {
    expect(follow(inChunks, `${text}next`)).toEqual({ taken: text.length, content, done: true });
  });

  it("in chunks skips what is in a chunk", () => {
    const body = new Body();
    body.inChunks();
    const size = bytesOf("fffffff\r\n");
    expect(body.take(size, 0, size.length)).toBe(size.length);
    const rest = new Uint8Array(1_000_000).fill(10);
    expect(body.take(rest, 0, rest.length)).toBe(rest.length);
    expect(body.done).toBe(false);
  });
});
