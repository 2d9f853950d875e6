/** Heads and bodies of every size that the relay promises, both ways, over real sockets. */
import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_HEAD_BYTES } from "../../services/sidecar/http1/head.ts";
import { call, delivery, Harness, Peer, stage } from "./relay-harness.ts";

const MIB = 1024 * 1024;

/** A block that repeats at no power of two, so that bytes out of place do not look right. */
const BLOCK = Buffer.alloc(99_991, "0123456789abcdefghijklmnopqrstuvwxyz\r\n\r\n-0\r\n\r\n");

/** @yields the bytes of a body, in pieces of a block at most */
function* pieces(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= BLOCK.length) yield BLOCK.subarray(0, Math.min(left, BLOCK.length));
}

function* chunked(size: number): Generator<Buffer> {
  for (const piece of pieces(size)) {
    yield Buffer.from(`${piece.length.toString(16)};part\r\n`);
    yield piece;
    yield Buffer.from("\r\n");
  }
  yield Buffer.from("0\r\nChecksum: none\r\n\r\n");
}

/** Writes no faster than the kernel takes. @returns the hash of what was written */
async function write(socket: net.Socket, parts: Iterable<Buffer>, hash: Hash): Promise<string> {
  for (const part of parts) {
    hash.update(part);
    if (!socket.write(part)) await once(socket, "drain");
  }
  return hash.digest("hex");
}

/** Answers each request with its own framing and body, byte for byte, as they come. */
function mirror(socket: net.Socket): void {
  let head = "";
  const pass = (bytes: Buffer) => {
    if (socket.write(bytes)) return;
    socket.pause();
    socket.once("drain", () => socket.resume());
  };
  const onHead = (bytes: Buffer) => {
    head += bytes.toString("latin1");
    const end = head.indexOf("\r\n\r\n") + 4;
    if (end < 4) return;
    socket.off("data", onHead);
    socket.on("data", pass);
    const framing = /^(?:content-length|transfer-encoding):.*$/im.exec(head)![0];
    pass(Buffer.from(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${head.slice(end)}`, "latin1"));
  };
  socket.on("data", onHead);
  socket.on("error", () => socket.destroy());
}

/** Reads up to the end of the answer's head, then `size` bytes. @returns their hash */
async function readBody(socket: net.Socket, isWhole: (bytes: number, tail: string) => boolean): Promise<string> {
  const hash = createHash("sha1");
  let head: string | null = "";
  let bytes = 0;
  let tail = "";
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let content = chunk;
    if (head !== null) {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n") + 4;
      if (end < 4) continue;
      content = Buffer.from(head.slice(end), "latin1");
      head = null;
    }
    hash.update(content);
    bytes += content.length;
    tail = (tail + content.subarray(-40).toString("latin1")).slice(-40);
    if (isWhole(bytes, tail)) break;
  }
  return hash.digest("hex");
}

describe("a body, there and back at once,", () => {
  let app: net.Server;
  let harness: Harness;

  beforeEach(async () => {
    app = net.createServer({ noDelay: true }, mirror).listen(0, "127.0.0.1");
    await once(app, "listening");
    harness = await Harness.start((app.address() as net.AddressInfo).port, { redeliver: { limit: 3 } });
  });

  afterEach(() => {
    harness.relay.close();
    app.close();
    for (const fault of harness.faults) throw fault;
  });

  const sizes = [0, 1, 16 * 1024 - 1, 16 * 1024, 64 * 1024 + 1, 5 * MIB, 64 * MIB];
  const kinds = [["call", call], ["delivery", delivery]] as const;

  it.each(sizes.flatMap((size) => kinds.map(([kind, make]) => [kind, size, make] as const)))(
    "of a %s, of %i bytes, of known length",
    async (_, size, make) => {
      const socket = net.connect(harness.port, "127.0.0.1");
      socket.write(make("").replace("Content-Length: 0", `Content-Length: ${size}`));
      const [sent, came] = await Promise.all([
        write(socket, pieces(size), createHash("sha1")),
        readBody(socket, (bytes) => bytes >= size),
      ]);
      expect(came).toBe(sent);
    },
  );

  it.each(sizes.flatMap((size) => kinds.map(([kind, make]) => [kind, size, make] as const)))(
    "of a %s, of %i bytes, in chunks with extensions and a trailer",
    async (_, size, make) => {
      const socket = net.connect(harness.port, "127.0.0.1");
      socket.write(make("").replace("Content-Length: 0", "Transfer-Encoding: chunked"));
      const [sent, came] = await Promise.all([
        write(socket, chunked(size), createHash("sha1")),
        readBody(socket, (_, tail) => tail.endsWith("0\r\nChecksum: none\r\n\r\n")),
      ]);
      expect(came).toBe(sent);
    },
  );
});

describe("a head as long as it may be", () => {
  const scene = stage();
  const padded = (before: string, after: string) => before + "x".repeat(MAX_HEAD_BYTES - before.length - 4) + after;

  it.each([1, 2])("passes both ways, at exchange %i of the connection", async (count) => {
    const daprd = await Peer.connect(scene.harness.port);
    const request = padded("GET /long HTTP/1.1\r\nHost: a\r\nX: ", "\r\n\r\n");
    const response = `${padded("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: ", "\r\n\r\n")}done`;
    for (let i = 0; i < count; i++) {
      daprd.send(request);
      const upstream = scene.app.peers[0] ?? await scene.app.accept();
      expect(await upstream.expect("\r\n\r\n") === request).toBe(true);
      upstream.send(response);
      expect(await daprd.expect("\r\n\r\ndone") === response).toBe(true);
    }
    expect(scene.app.peers).toHaveLength(1);
  });
});

describe("an answer without a body", () => {
  const scene = stage();

  it.each([
    ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
    ["HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["HEAD", "HTTP/1.1 200 OK\r\n\r\n"],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["DELETE", "HTTP/1.1 204 No Content\r\nContent-Length: 1000\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["POST", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
  ])("to %s is over with its head: %j", async (method, response) => {
    const daprd = await Peer.connect(scene.harness.port);
    for (let i = 0; i < 3; i++) {
      daprd.send(`${method} /empty HTTP/1.1\r\nHost: a\r\n\r\n`);
      const upstream = scene.app.peers[0] ?? await scene.app.accept();
      await upstream.expect("\r\n\r\n");
      upstream.send(response);
      expect(await daprd.expect("\r\n\r\n")).toBe(response);
    }
    expect(scene.app.peers).toHaveLength(1);
    expect(scene.harness.requests.map(({ outcome }) => outcome)).toEqual(["finished", "finished", "finished"]);
  });
});
