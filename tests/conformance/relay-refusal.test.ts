/** What is malformed or ambiguous ends the connection, with an answer if none has begun; the app sees none of it. */
import { describe, expect, it } from "vitest";
import { answer, call, delivery, Peer, stage } from "./relay-harness.ts";

const scene = stage();

/** Requests that smuggle another one past a parser that reads them otherwise. */
const SMUGGLING: [what: string, request: string][] = [
  [
    "both lengths",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n",
  ],
  [
    "two lengths",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 30\r\n\r\nGET /admin HTTP/1.1\r\nX: \r\n\r\n",
  ],
  ["a coding behind a vertical tab", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n"],
  ["a length with a space before its colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello"],
  ["a length in a fold", "POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n Content-Length: 5\r\n\r\nhello"],
  ["a length behind a bare CR", "POST / HTTP/1.1\r\nHost: a\rContent-Length: 5\r\n\r\nhello"],
  ["a bare LF before the body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\n\nhello"],
  [
    "a chunk longer than it says",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhello\r\n0\r\n\r\n",
  ],
  [
    "a chunk's size in two notations",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
  ],
  ["a tunnel", "CONNECT 127.0.0.1:3500 HTTP/1.1\r\nHost: a\r\n\r\n"],
];

describe("a request with", () => {
  it.each(SMUGGLING)("%s is answered 400, and reaches no app", async (_, request) => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(request);
    await daprd.end();
    expect(daprd.text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n[^]*\r\n\r\nCannot /);
    expect(scene.app.peers).toHaveLength(0);
    expect(scene.harness.requests).toMatchObject([{ outcome: "bad-request" }]);
  });

  it("a malformed body that comes later is cut off for the app, and answered 400", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    const upstream = await scene.app.accept();
    await upstream.expect("hello\r\n");
    daprd.send("zz\r\n");
    await daprd.end();
    await upstream.end();
    expect(daprd.text).toMatch(/^HTTP\/1\.1 400 /);
    expect(upstream.text).toBe("");
    expect(scene.harness.gate.failures).toEqual([]);
    expect(scene.harness.requests).toMatchObject([{ outcome: "bad-request" }]);
    expect(scene.harness.ledger.inFlight.call).toBe(0);
  });

  it("a malformed body that comes while it is parked is answered 400", async () => {
    scene.harness.gate.hold("delivery", "call");
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    await scene.harness.until(() => scene.harness.parks.length === 1);
    daprd.send("zz\r\n");
    await daprd.end();
    expect(daprd.text).toMatch(/^HTTP\/1\.1 400 /);
    expect(scene.app.peers).toHaveLength(0);
  });

  it("garbage behind a good one costs the good one nothing", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(`${delivery("good")}\x16\x03\x01`);
    const upstream = await scene.app.accept();
    expect(await upstream.expect("good")).toBe(delivery("good"));
    upstream.send(answer("done"));
    await daprd.end();
    expect(daprd.text.startsWith(answer("done"))).toBe(true);
    expect(daprd.text.slice(answer("done").length)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("half a head before the connection ends is no request", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("POST / HTTP/1.1\r\nHo");
    daprd.socket.end();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(scene.harness.requests).toEqual([]);
  });
});

describe("an answer with", () => {
  it.each([
    ["both lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
    ["a broken status line", "HTTP/1.1 OK\r\n\r\n"],
    [
      "an upgrade that nobody asked for",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
    ["a malformed chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
  ])("%s is answered 502 in its place", async (_, response) => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("question"));
    const upstream = await scene.app.accept();
    await upstream.expect("question");
    upstream.send(response);
    await daprd.end();
    expect(daprd.text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    await upstream.end();
    expect(scene.harness.requests).toMatchObject([{ outcome: "bad-response" }]);
    expect(scene.harness.gate.failures).toEqual([]);
  });

  it("a malformed chunk after a good one is cut off there", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("question"));
    const upstream = await scene.app.accept();
    await upstream.expect("question");
    const good = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    upstream.send(good);
    await daprd.expect("hello\r\n");
    upstream.send("zz\r\n");
    await daprd.end();
    expect(daprd.text).toBe("");
  });
});
