/** Frames, read and written. */
import { describe, expect, it } from "vitest";
import { FLAG, Frame, frame, headersFrames, TYPE, windowUpdate } from "../../services/sidecar/http2/frames.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const read = (input: Uint8Array, limit = 16_384) => {
  const found = new Frame();
  return found.read(input, 0, input.length, limit) ? found : null;
};

describe("Frame", () => {
  it("reads what is complete, wherever it lies", () => {
    const input = Buffer.concat([Buffer.alloc(3), windowUpdate(5, 1000), windowUpdate(7, 2000)]);
    const found = new Frame();
    expect(found.read(input, 3, input.length, 16_384)).toBe(true);
    expect([found.type, found.id, found.uint32(), found.next]).toEqual([TYPE.WINDOW_UPDATE, 5, 1000, 16]);
    expect(found.read(input, found.next, input.length, 16_384)).toBe(true);
    expect([found.id, found.uint32()]).toEqual([7, 2000]);
    for (let end = 3; end < 16; end++) expect(found.read(input, 3, end, 16_384)).toBe(false);
  });

  it("takes padding and priority away, and counts them", () => {
    const data = read(frame(TYPE.DATA, FLAG.PADDED | FLAG.END_STREAM, 1, bytes(2, 65, 66, 0, 0)))!;
    expect([...data.payload]).toEqual([65, 66]);
    expect([data.length, data.has(FLAG.END_STREAM)]).toEqual([5, true]);
    const flags = FLAG.PADDED | FLAG.PRIORITY | FLAG.END_HEADERS;
    const headers = read(frame(TYPE.HEADERS, flags, 1, bytes(1, 0, 0, 0, 3, 16, 0x82, 0)))!;
    expect([...headers.payload]).toEqual([0x82]);
  });

  it("puts a block of many frames together, once all are there", () => {
    const block = new Uint8Array(40_000).map((_, i) => i);
    const input = headersFrames(9, block, true);
    const found = read(input)!;
    expect(found.payload).toEqual(block);
    expect([found.id, found.next, found.has(FLAG.END_STREAM)]).toEqual([9, input.length, true]);
    expect(read(input.subarray(0, input.length - 1))).toBe(null);
    expect(read(input.subarray(0, 16_393))).toBe(null);
  });

  it.each([
    ["larger than allowed", frame(TYPE.DATA, 0, 1, new Uint8Array(16_385)), "above 16384"],
    ["all padding", frame(TYPE.DATA, FLAG.PADDED, 1, bytes(3, 0, 0)), "all padding"],
    ["of padding without a length", frame(TYPE.DATA, FLAG.PADDED, 1, bytes()), "all padding"],
    ["of priority without room", frame(TYPE.HEADERS, FLAG.PRIORITY | FLAG.END_HEADERS, 1, bytes(1)), "all padding"],
    ["of DATA on stream 0", frame(TYPE.DATA, 0, 0, bytes()), "type 0 on stream 0"],
    ["of SETTINGS on a stream", frame(TYPE.SETTINGS, 0, 1, bytes()), "type 4 on stream 1"],
    ["of SETTINGS cut off", frame(TYPE.SETTINGS, 0, 0, bytes(1)), "type 4 and 1 bytes"],
    ["of WINDOW_UPDATE cut off", frame(TYPE.WINDOW_UPDATE, 0, 0, bytes(1)), "type 8 and 1 bytes"],
    ["of PING too long", frame(TYPE.PING, 0, 0, new Uint8Array(9)), "type 6 and 9 bytes"],
    ["of CONTINUATION alone", frame(TYPE.CONTINUATION, 0, 1, bytes()), "type 9 on stream 1"],
  ])("refuses one %s", (_, input, problem) => {
    expect(() => read(input)).toThrow(problem);
  });

  it("refuses a block with anything in it, and one without end", () => {
    const begun = frame(TYPE.HEADERS, 0, 1, bytes(0x82));
    expect(() => read(Buffer.concat([begun, windowUpdate(1, 1)]))).toThrow("another frame in it");
    expect(() => read(Buffer.concat([begun, frame(TYPE.CONTINUATION, 0, 3, bytes())]))).toThrow("another frame in it");
    const more = frame(TYPE.CONTINUATION, 0, 1, bytes());
    const endless = Buffer.concat([begun, ...Array.from({ length: 10_000 }, () => more)]);
    expect(() => read(endless)).toThrow("more than 81920 bytes");
  });
});
