/** Header blocks of any kind: round trips, Node's own encoder, and junk. */
import http2 from "node:http2";
import net from "node:net";
import { once } from "node:events";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Frame, PREFACE, TYPE } from "../../services/sidecar/http2/frames.ts";
import { Decoder } from "../../services/sidecar/http2/hpack/decoder.ts";
import { encodeFields } from "../../services/sidecar/http2/hpack/encoder.ts";
import { Http2Error } from "../../services/sidecar/http2/http2-error.ts";

const field = fc.record({
  name: fc.oneof(
    fc.constantFrom(":path", ":method", "content-type", "authorization", "x"),
    fc.string({ unit: "binary-ascii", maxLength: 20 }),
  ),
  value: fc.oneof(fc.constantFrom("", "POST", "/"), fc.string({ unit: "binary-ascii", maxLength: 400 })),
  secret: fc.boolean(),
}).map(({ name, value, secret }) => secret ? { name, value, secret } : { name, value });

it("says what was written, whoever reads it next", () => {
  fc.assert(fc.property(fc.array(fc.array(field, { maxLength: 20 })), fc.boolean(), (blocks, empties) => {
    const decoder = new Decoder();
    for (const fields of blocks) {
      const block = encodeFields(fields, empties);
      expect(decoder.decode(block, 0, block.length)).toEqual(fields);
      expect(decoder.touched).toBe(empties);
    }
  }));
});

it("never hangs on junk, and throws nothing but a connection error", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
      const decoder = new Decoder();
      try {
        for (const block of blocks) decoder.decode(block, 0, block.length);
      } catch (error) {
        expect(error).toBeInstanceOf(Http2Error);
      }
    }),
    { numRuns: 5000 },
  );
});

it("never hangs on junk frames either", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const frame = new Frame();
      try {
        for (let at = 0; frame.read(bytes, at, bytes.length, 100); at = frame.next) {
          expect(frame.next).toBeGreaterThan(at);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Http2Error);
      }
    }),
    { numRuns: 5000 },
  );
});

it("reads what Node's own encoder writes, block after block", async () => {
  const value = fc.stringMatching(/^[!-~\u0080-\u00ff](?:[ -~\u0080-\u00ff]{0,60}[!-~])?$/);
  const heads = fc.sample(
    fc.record({ size: fc.constantFrom(0, 1000), pairs: fc.array(fc.tuple(fc.nat(30), value), { maxLength: 12 }) }),
    { numRuns: 300, seed: 7 },
  ).map(({ size, pairs }, i) => ({
    ":path": `/${i % 40}`,
    ...Object.fromEntries(pairs.map(([name, text]) => [`x-name-${name}`, text])),
    ...(size > 0 ? { "x-long": "~".repeat(size) } : {}),
  }));
  const seen: Record<string, string>[] = [];
  let told = () => {};
  const server = net.createServer((socket) => {
    const decoder = new Decoder();
    const frame = new Frame();
    let received = Buffer.alloc(0);
    let at = PREFACE.length;
    // Its own settings, and that it has those of the client.
    socket.write(Uint8Array.of(0, 0, 0, TYPE.SETTINGS, 0, 0, 0, 0, 0, 0, 0, 0, TYPE.SETTINGS, 1, 0, 0, 0, 0));
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (; frame.read(received, at, received.length, 16_384); at = frame.next) {
        if (frame.type !== TYPE.HEADERS) continue;
        const fields = decoder.decode(frame.bytes, frame.start, frame.end);
        seen.push(Object.fromEntries(fields.map(({ name, value }) => [name, value])));
      }
      if (seen.length === heads.length) told();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = http2.connect(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
  const all = new Promise<void>((resolve) => told = resolve);
  for (const head of heads) client.request(head, { endStream: true }).on("error", () => {});
  await all;
  client.destroy();
  server.close();
  for (const [i, head] of heads.entries()) expect(seen[i]).toMatchObject(head);
});
