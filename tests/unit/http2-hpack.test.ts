/** Header blocks: read as RFC 7541 says, written so that any reader takes them. */
import { describe, expect, it } from "vitest";
import { Decoder } from "../../services/sidecar/http2/hpack/decoder.ts";
import { encodeFields } from "../../services/sidecar/http2/hpack/encoder.ts";
import { SEQUENCES, SINGLE } from "./hpack-examples.ts";

const decode = (decoder: Decoder, hexadecimal: string) => {
  const bytes = Buffer.from(hexadecimal, "hex");
  return decoder.decode(bytes, 0, bytes.length);
};
const lines = (fields: readonly { name: string; value: string }[]) =>
  fields.map(({ name, value }) => `${name}: ${value}`);

describe("Decoder", () => {
  it.each(SINGLE)("reads the example $section of RFC 7541", ({ block, fields }) => {
    expect(lines(decode(new Decoder(), block))).toEqual(fields);
  });

  it.each(SEQUENCES)("reads the sequence of $examples.0.section", ({ tableBytes, examples }) => {
    const decoder = new Decoder();
    if (tableBytes < 4096) decode(decoder, "3fe101"); // A table's size of 256.
    for (const { section, block, fields } of examples) {
      expect({ section, fields: lines(decode(decoder, block)) }).toEqual({ section, fields });
    }
  });

  it("tells whether a block changed the table", () => {
    const decoder = new Decoder();
    decode(decoder, SINGLE[0]!.block);
    expect(decoder.touched).toBe(true);
    decode(decoder, "be82");
    expect(decoder.touched).toBe(false);
    decode(decoder, "20");
    expect(decoder.touched).toBe(true);
  });

  it("forgets what a smaller table has no room for", () => {
    const decoder = new Decoder();
    decode(decoder, SINGLE[0]!.block);
    decode(decoder, "20");
    expect(() => decode(decoder, "be")).toThrow("index 62 in a table of 0");
    decode(decoder, "3fe11f");
    decode(decoder, SINGLE[0]!.block);
    expect(lines(decode(decoder, "be"))).toEqual(["custom-key: custom-header"]);
  });

  it("empties the table for a field that is larger than it", () => {
    const decoder = new Decoder();
    decode(decoder, `3f0a${SINGLE[0]!.block}`); // 41 bytes, where the field counts 55.
    expect(() => decode(decoder, "be")).toThrow("in a table of 0");
  });

  it("takes a larger table once its reader has allowed it", () => {
    const decoder = new Decoder();
    expect(() => decode(decoder, "3fe13f")).toThrow("a table's size of 8192, above 4096");
    decoder.allow(8192);
    expect(decode(decoder, "3fe13f")).toEqual([]);
    decoder.allow(2 ** 32 - 1);
    expect(() => decode(decoder, "3fe1ffff07")).toThrow("above 65536");
  });

  it.each([
    ["80", "a field of index 0"],
    ["ff80808080808001", "an integer above"],
    ["ffffffffff7f", "an integer above"],
    ["ff80", "an integer that is cut off"],
    ["40", "a string that is cut off"],
    ["400a6375", "a string that is cut off"],
    ["8220", "a table's size behind a field"],
    ["c0", "a field of index 64"],
    ["4084ffffffff00", "EOS"],
    ["4081ff00", "does not end in a beginning of EOS"],
    ["408100", "does not end"],
  ])("refuses %s", (block, problem) => {
    expect(() => decode(new Decoder(), block)).toThrow(problem);
  });

  it("refuses fields of more than 64 KiB, however few bytes say them", () => {
    const decoder = new Decoder();
    const large = Buffer.concat([Buffer.from("4001617fa11e", "hex"), Buffer.alloc(4000, "x")]);
    decoder.decode(large, 0, large.length);
    const bomb = Buffer.alloc(17, 0xbe);
    expect(() => decoder.decode(bomb, 0, bomb.length)).toThrow("Cannot read fields of more than 65536 bytes");
  });
});

describe("encodeFields", () => {
  it("leaves the reader's table alone, and secrets secret", () => {
    const fields = [
      { name: ":method", value: "POST" },
      { name: ":path", value: "/x" },
      { name: "authorization", value: "token", secret: true },
      { name: "x-long", value: "y".repeat(300) },
    ];
    const block = encodeFields(fields);
    const decoder = new Decoder();
    expect(decoder.decode(block, 0, block.length)).toEqual(fields);
    expect(decoder.touched).toBe(false);
  });

  it("empties the reader's table if it is told to", () => {
    const decoder = new Decoder();
    decode(decoder, SINGLE[0]!.block);
    const block = encodeFields([{ name: ":status", value: "200" }], true);
    expect(lines(decoder.decode(block, 0, block.length))).toEqual([":status: 200"]);
    expect(() => decode(decoder, "be")).toThrow("in a table of 0");
  });
});
