/** Messages as protocol buffers; the bytes are those that `protoc --encode` writes. */
import { describe, expect, it } from "vitest";
import { encode, Message } from "../../scripts/lib/worker/grpc/protobuf.ts";

describe("a message", () => {
  it.each(
    [
      ["numbers", [[1, 150]], [0x08, 0x96, 0x01]],
      ["large numbers", [[2, 2 ** 40]], [0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]],
      ["texts", [[2, "testing"]], [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]],
      ["messages", [[3, Uint8Array.of(0x08, 0x96, 0x01)]], [0x1a, 0x03, 0x08, 0x96, 0x01]],
      ["fields with high numbers", [[16, "a"]], [0x82, 0x01, 0x01, 0x61]],
    ] as const,
  )("is written with %s, and read", (_, fields, bytes) => {
    expect([...encode(fields)]).toEqual(bytes);
    const message = new Message(Uint8Array.from(bytes));
    for (const [field, value] of fields) {
      if (typeof value === "number") expect(message.number(field)).toBe(value);
      else if (typeof value === "string") expect(message.text(field)).toBe(value);
      else expect(message.message(field).number(1)).toBe(150);
    }
  });

  it("is read behind fields that nobody asks for", () => {
    const others = [0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4];
    expect(new Message(Uint8Array.of(...others, 0x1a, 0x01, 0x61)).text(3)).toBe("a");
  });

  it("has nothing where nothing is", () => {
    const message = new Message(new Uint8Array(0));
    expect([message.number(1), message.text(2), message.message(3).text(1)]).toEqual([0, "", ""]);
  });

  it.each([[[0x12, 0x05, 0x61]], [[0x08]], [[0x0b]]])("is not read from %j", (bytes) => {
    expect(() => new Message(Uint8Array.from(bytes))).toThrow("Cannot read a message");
  });
});
