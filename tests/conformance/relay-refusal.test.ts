/** What is malformed or ambiguous ends the connection, with an answer if none has begun; the app sees none of it. */
import { describe, expect, it } from "vitest";
import {
  MALFORMED_ANSWERS,
  MALFORMED_REQUESTS,
  ODD_REQUESTS,
  type Shape,
  SMUGGLED,
} from "../fixtures/malformed-messages.ts";
import { answer, call, delivery, Peer, stage } from "./relay-harness.ts";

const scene = stage();

/** What the first read of a connection takes: of a shape that fits, nothing has passed when it is seen. */
const ONE_READ_BYTES = 16 * 1024;

describe("a request with", () => {
  it.each(MALFORMED_REQUESTS)("%s is answered 400, and reaches no app", async (_, text, says) => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(text + SMUGGLED);
    await daprd.end();
    expect(daprd.text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n[^]*\r\n\r\nCannot /);
    expect(daprd.text).toContain(says);
    expect(scene.app.peers.map((peer) => peer.text).join()).not.toContain("/admin");
    if (text.length < ONE_READ_BYTES) expect(scene.app.peers).toHaveLength(0);
    expect(scene.harness.requests).toMatchObject([{ outcome: "bad-request" }]);
  });

  it.each(MALFORMED_REQUESTS.filter(([, text]) => text.length < ONE_READ_BYTES))(
    "%s behind a good one is answered 400, after the good one's answer",
    async (_, text, says) => {
      const daprd = await Peer.connect(scene.harness.port);
      daprd.send(delivery("good") + text + SMUGGLED);
      const upstream = await scene.app.accept();
      expect(await upstream.expect("good")).toBe(delivery("good"));
      upstream.send(answer("done"));
      await daprd.end();
      expect(daprd.text.startsWith(`${answer("done")}HTTP/1.1 400 Bad Request\r\n`)).toBe(true);
      expect(daprd.text).toContain(says);
      expect(upstream.text).toBe("");
    },
  );

  it.each(ODD_REQUESTS)("%s passes as it came, and the next one behind it", async (_, text) => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(text + call("next"));
    const upstream = await scene.app.accept();
    await upstream.until(() => upstream.received.length >= text.length);
    expect(upstream.text).toBe(text);
    upstream.send(answer("first"));
    await upstream.until(() => upstream.received.length >= text.length + call("next").length);
    expect(upstream.text).toBe(text + call("next"));
    upstream.send(answer("second"));
    expect(await daprd.expect("second")).toBe(answer("first") + answer("second"));
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

  it("another one behind the last one of its connection is not relayed", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(`POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast${SMUGGLED}`);
    const upstream = await scene.app.accept();
    await upstream.expect("last");
    upstream.send(answer("done"));
    await daprd.end();
    expect(daprd.text).toBe(answer("done"));
    await upstream.end();
    expect(upstream.text).toBe("");
    expect(scene.app.peers).toHaveLength(1);
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

const UNASKED_UPGRADE: Shape = [
  "an upgrade that nobody asked for",
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
  "101",
];

describe("an answer with", () => {
  it.each([...MALFORMED_ANSWERS, UNASKED_UPGRADE])("%s is answered 502 in its place", async (_, text, says) => {
    const daprd = await Peer.connect(scene.harness.port);
    // The first one goes the general way, the second one the fast lane; each costs its connections.
    daprd.send(call("good"));
    const upstream = await scene.app.accept();
    await upstream.expect("good");
    upstream.send(answer("done"));
    await daprd.expect("done");
    for (const [at, from] of [upstream, undefined].entries()) {
      const peer = at === 0 ? daprd : await Peer.connect(scene.harness.port);
      peer.send(call("question"));
      const app = from ?? await scene.app.accept();
      await app.expect("question");
      app.send(text + answer("smuggled"));
      await Promise.all([peer.end(), app.end()]);
      const refused = peer.text.startsWith("HTTP/1.1 502 Bad Gateway\r\n");
      // Of a longer one daprd has seen the beginning; cut off, it is not taken for whole.
      expect(refused || text.length > ONE_READ_BYTES).toBe(true);
      if (refused) expect(peer.text).toContain(says);
      expect(peer.text).not.toContain("smuggled");
    }
    expect(scene.harness.requests.map(({ outcome }) => outcome)).toEqual(["finished", "bad-response", "bad-response"]);
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
