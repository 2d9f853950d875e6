/** Answers that come before the request's end, interim ones, and ends of one direction alone. */
import { describe, expect, it } from "vitest";
import { total } from "../../services/core/ledger.ts";
import { answer, call, delivery, Harness, Peer, stage } from "./relay-harness.ts";

const scene = stage();

/** Larger than what the kernel and the relay take in while nobody reads. */
const LARGE_BYTES = 24 * 1024 * 1024;
const large = (make: (body: string) => string) =>
  make("").replace("Content-Length: 0", `Content-Length: ${LARGE_BYTES}`);

const REFUSAL = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large";

describe("an answer before the request's end", () => {
  describe.each([["a call", call], ["a delivery", delivery]])("to %s", (_, make) => {
    it.each([
      ["ends its side", (peer: Peer) => void peer.socket.end()],
      ["closes, with bytes unread", (peer: Peer) => peer.socket.destroySoon()],
    ])("arrives whole if the app then %s", async (_, close) => {
      const harness = await Harness.start(scene.app.port, { redeliver: { limit: 3 } });
      const daprd = await Peer.connect(harness.port);
      daprd.send(large(make));
      const upstream = await scene.app.accept();
      await upstream.expect("\r\n\r\n");
      upstream.socket.pause();
      daprd.flood(LARGE_BYTES);
      // Written while the relay's own writes to the app wait: they break when it closes.
      upstream.send(REFUSAL);
      close(upstream);
      await daprd.end();
      expect(daprd.text).toBe(REFUSAL);
      expect(harness.requests).toMatchObject([{ outcome: "finished" }]);
      expect(harness.gate.failures).toEqual([]);
      expect(total(harness.ledger.inFlight)).toBe(0);
      daprd.socket.destroy();
      await harness.until(() => harness.relay.connections === 0);
      harness.relay.close();
      for (const fault of harness.faults) throw fault;
    });

    it("does not cost the next request anything if the app drops the connection without a word", async () => {
      const daprd = await Peer.connect(scene.harness.port);
      daprd.send(large(make));
      const upstream = await scene.app.accept();
      await upstream.expect("\r\n\r\n");
      upstream.send(answer("early"));
      expect(await daprd.expect("early")).toBe(answer("early"));
      upstream.socket.destroy();
      daprd.flood(LARGE_BYTES);
      daprd.send(make("next"));
      const second = await scene.app.accept();
      expect(await second.expect("next")).toBe(make("next"));
      second.send(answer("to next"));
      expect(await daprd.expect("to next")).toBe(answer("to next"));
      expect(scene.harness.gate.failures).toEqual([]);
    });
  });

  it("may go on while the request does", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("POST /duplex HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const upstream = await scene.app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    await daprd.expect("\r\n\r\n");
    for (let i = 0; i < 10; i++) {
      daprd.send(`6\r\nping ${i}\r\n`);
      await upstream.expect(`ping ${i}\r\n`);
      upstream.send(`6\r\npong ${i}\r\n`);
      await daprd.expect(`pong ${i}\r\n`);
    }
    expect(total(scene.harness.ledger.inFlight)).toBe(1);
    upstream.send("0\r\n\r\n");
    await daprd.expect("0\r\n\r\n");
    daprd.send(`0\r\n\r\n${call("next")}`);
    expect(await upstream.expect("next")).toBe(`0\r\n\r\n${call("next")}`);
  });
});

describe("100-continue", () => {
  const ask = "POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";

  it("is not waited for by whom does not want to", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(`${ask}body`);
    const upstream = await scene.app.accept();
    expect(await upstream.expect("body")).toBe(`${ask}body`);
    upstream.send(`HTTP/1.1 100 Continue\r\n\r\n${answer("done")}`);
    expect(await daprd.expect("done")).toBe(`HTTP/1.1 100 Continue\r\n\r\n${answer("done")}`);
  });

  it("is refused by a final answer, after which the body still belongs to the request", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(ask);
    const upstream = await scene.app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send(answer("no", "417 Expectation Failed"));
    await daprd.expect("no");
    daprd.send(`GET ${call("next")}`);
    expect(await upstream.expect("next")).toBe(`GET ${call("next")}`);
  });

  it("is refused by a final answer that ends the connection", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(ask);
    const upstream = await scene.app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send(REFUSAL);
    await daprd.end();
    expect(daprd.text).toBe(REFUSAL);
    daprd.socket.end();
    await scene.harness.until(() => scene.harness.relay.connections === 0);
    expect(scene.harness.requests).toMatchObject([{ outcome: "finished" }]);
  });

  it("was passed on by an app that then died: the delivery is sent again all the same", async () => {
    const harness = await Harness.start(scene.app.port, { redeliver: { limit: 3 } });
    const daprd = await Peer.connect(harness.port);
    const message = ask.replace("Host: a", "Content-Type: application/cloudevents+json");
    daprd.send(message);
    const first = await scene.app.accept();
    await first.expect("\r\n\r\n");
    first.send("HTTP/1.1 100 Continue\r\n\r\n");
    await daprd.expect("\r\n\r\n");
    daprd.send("body");
    await first.expect("body");
    first.socket.destroy();
    await harness.until(() => harness.ledger.parked.delivery === 1);
    harness.gate.hold();
    const second = await scene.app.accept();
    expect(await second.expect("body")).toBe(`${message}body`);
    second.send(answer("done"));
    expect(await daprd.expect("done")).toBe(answer("done"));
    harness.relay.close();
  });
});

describe("interim responses", () => {
  const interim = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";

  it("in a flood pass as they came, and others are served meanwhile", async () => {
    const count = 20_000;
    const flooded = await Peer.connect(scene.harness.port);
    flooded.send(call("flood"));
    const upstream = await scene.app.accept();
    await upstream.expect("flood");
    upstream.send(interim.repeat(count));
    const other = await Peer.connect(scene.harness.port);
    other.send(call("other"));
    const second = await scene.app.accept();
    await second.expect("other");
    second.send(answer("to other"));
    await other.expect("to other");
    upstream.send(answer("at last"));
    await flooded.until(() => flooded.text.endsWith("at last"));
    expect(flooded.text === interim.repeat(count) + answer("at last")).toBe(true);
  });

  it("without a final one are no answer: the app died", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("work"));
    const upstream = await scene.app.accept();
    await upstream.expect("work");
    upstream.send(interim);
    await daprd.expect(interim);
    upstream.socket.end();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(scene.harness.requests).toMatchObject([{ outcome: "app-died" }]);
  });
});

describe("half a close", () => {
  it("of the app, after its answer, costs nothing: the next request goes over another connection", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("first"));
    const first = await scene.app.accept();
    await first.expect("first");
    first.socket.end(answer("to first"));
    await daprd.expect("to first");
    daprd.send(call("second"));
    const second = await scene.app.accept();
    await second.expect("second");
    second.send(answer("to second"));
    await daprd.expect("to second");
    await first.end();
    expect(scene.harness.gate.failures).toEqual([]);
  });

  it.each(["", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"])(
    "of the app, in its answer, after %j, is a death",
    async (part) => {
      const daprd = await Peer.connect(scene.harness.port);
      daprd.send(call("work"));
      const upstream = await scene.app.accept();
      await upstream.expect("work");
      upstream.socket.end(part);
      await Promise.all([daprd.end(), upstream.end()]);
      expect(daprd.text).toBe(part.includes("12345") ? part : "");
      expect(scene.harness.gate.failures).toMatchObject([{ kind: "died" }]);
      expect(scene.harness.requests).toMatchObject([{ outcome: "app-died" }]);
    },
  );

  it("of daprd, in its request, is the app's to judge", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    const upstream = await scene.app.accept();
    await upstream.expect("12345");
    daprd.socket.end();
    await upstream.end();
    expect(upstream.ended).toBe(true);
    upstream.send(answer("half a request", "400 Bad Request"));
    await daprd.end();
    expect(daprd.text).toBe(answer("half a request", "400 Bad Request"));
    await upstream.until(() => upstream.closed || upstream.ended);
    await scene.harness.until(() => total(scene.harness.ledger.inFlight) === 0);
  });

  it("of daprd, in its request, that the app answers by closing is not the app's failure", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    const upstream = await scene.app.accept();
    await upstream.expect("12345");
    daprd.socket.end();
    await upstream.end();
    upstream.socket.destroy();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(scene.harness.gate.failures).toEqual([]);
    expect(scene.harness.requests).toMatchObject([{ outcome: "peer-closed" }]);
  });
});

it("five hundred pipelined requests are answered in their order", async () => {
  const count = 500;
  const daprd = await Peer.connect(scene.harness.port);
  daprd.send(Array.from({ length: count }, (_, i) => (i % 2 ? call : delivery)(`message ${i};`)).join(""));
  const upstream = await scene.app.accept();
  for (let i = 0; i < count; i++) {
    expect(await upstream.expect(`message ${i};`)).toBe((i % 2 ? call : delivery)(`message ${i};`));
    upstream.send(answer(`answer ${i};`));
  }
  await daprd.until(() => daprd.text.endsWith(`answer ${count - 1};`));
  expect(daprd.text).toBe(Array.from({ length: count }, (_, i) => answer(`answer ${i};`)).join(""));
});
