/** Streams that are kept back: what the app sees, what the others see, and what becomes of them. */
import { constants } from "node:http2";
import { describe, expect, it } from "vitest";
import { FLAG, frame, headersFrames, PREFACE, settings, TYPE } from "../../services/sidecar/http2/frames.ts";
import { encodeFields } from "../../services/sidecar/http2/hpack/encoder.ts";
import { answer, Client, INVOKE, stage, TOPIC_EVENT } from "./http2-harness.ts";
import { Harness, Peer, RawApp } from "./relay-harness.ts";

const ALL = ["delivery", "call", "opaque"] as const;

describe("a stream that may not pass", () => {
  const scene = stage();

  it("is not seen by the app before the gate opens, while old ones and calls go on", async () => {
    const old = scene.daprd.deliver("old");
    const first = await scene.app.expect(TOPIC_EVENT);
    scene.harness.gate.hold("delivery");
    const kept = [scene.daprd.deliver("kept 0", { "x-new": "in the table" }), scene.daprd.deliver("kept 1")];
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 2);
    // Its block refers to what only the kept ones have put into the table.
    const call = scene.daprd.call("call", { "x-new": "in the table", "x-newer": "too" });
    const called = await scene.app.expect(INVOKE);
    expect(called.headers).toMatchObject({ "x-new": "in the table", "x-newer": "too" });
    answer(called);
    await call.end();
    const another = scene.daprd.call("another", { "x-newer": "too" });
    const calledAgain = await scene.app.expect(INVOKE, 1);
    expect(calledAgain.headers["x-newer"]).toBe("too");
    answer(calledAgain);
    await another.end();
    answer(first);
    await old.end();
    await scene.daprd.ping();
    expect(scene.app.to(TOPIC_EVENT)).toHaveLength(1);
    expect(scene.harness.ledger.inFlight).toMatchObject({ delivery: 0, call: 0 });
    expect(scene.harness.parks).toMatchObject([
      { class: "delivery", rule: "callback", path: TOPIC_EVENT, why: "gate" },
      { class: "delivery" },
    ]);
    expect(scene.app.sessions).toHaveLength(1);

    scene.harness.gate.hold();
    for (const i of [0, 1]) {
      const arrived = await scene.app.expect(TOPIC_EVENT, i + 1);
      await scene.app.until(() => arrived.ended);
      expect(arrived.body.toString()).toBe(`kept ${i}`);
      answer(arrived, `done ${i}`);
      await kept[i]!.end();
      expect(kept[i]!.body.toString()).toBe(`done ${i}`);
      expect(kept[i]!.trailers).toMatchObject({ "grpc-status": "0" });
    }
    expect(scene.app.to(TOPIC_EVENT)[1]!.headers["x-new"]).toBe("in the table");
    expect(scene.harness.ledger.inFlight.delivery + scene.harness.ledger.parked.delivery).toBe(0);
  });

  it("takes a detour, and daprd goes over to a new connection", async () => {
    scene.harness.gate.hold("delivery");
    const kept = scene.daprd.deliver("kept");
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
    scene.harness.gate.hold();
    const arrived = await scene.app.expect(TOPIC_EVENT);
    await scene.daprd.until(() => scene.daprd.goneAway !== null);
    expect(scene.daprd.goneAway).toEqual({ code: 0, lastId: 2 ** 31 - 1 });
    const second = scene.connect();
    const next = second.deliver("next");
    answer(await scene.app.expect(TOPIC_EVENT, 1));
    await next.end();
    answer(arrived);
    await kept.end();
    expect(kept.body.toString()).toBe("ok");
    await scene.harness.until(() => scene.harness.relay.connections === 1);
  });

  it("leaves the connection's window to the others", async () => {
    scene.harness.gate.hold("delivery");
    const body = Buffer.alloc(60_000, "0123456789");
    const kept = Array.from({ length: 20 }, () => scene.daprd.deliver(body));
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 20);
    const large = Buffer.alloc(1_000_000, "call");
    const call = scene.daprd.call(large);
    const called = await scene.app.expect(INVOKE);
    await scene.app.until(() => called.ended);
    expect(called.body.equals(large)).toBe(true);
    answer(called, large);
    await call.end();
    expect(call.body.equals(large)).toBe(true);
    scene.harness.gate.hold();
    for (let i = 0; i < kept.length; i++) {
      const arrived = await scene.app.expect(TOPIC_EVENT, i);
      await scene.app.until(() => arrived.ended);
      expect(arrived.body.equals(body)).toBe(true);
      answer(arrived, body);
    }
    for (const each of kept) expect((await each.end()).body.equals(body)).toBe(true);
  });

  it("comes whole, if it is larger than a window and its end came late", async () => {
    scene.harness.gate.hold("delivery");
    const body = Buffer.alloc(3_000_000, "0123456789");
    const asked = scene.daprd.request({ ":path": TOPIC_EVENT, "content-type": "application/grpc" }, undefined, {
      waitForTrailers: true,
    });
    asked.stream.on("wantTrailers", () => asked.stream.sendTrailers({ "x-end": "yes" }));
    asked.stream.write(body);
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
    scene.harness.gate.hold();
    const arrived = await scene.app.expect(TOPIC_EVENT);
    asked.stream.end("!");
    await scene.app.until(() => arrived.ended);
    expect(arrived.body.length).toBe(body.length + 1);
    expect(arrived.trailers).toMatchObject({ "x-end": "yes" });
    answer(arrived, body);
    await asked.end();
    expect(asked.body.equals(body)).toBe(true);
  });

  it("is forgotten when daprd resets it", async () => {
    scene.harness.gate.hold("delivery");
    const kept = scene.daprd.deliver("kept");
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
    kept.stream.close(constants.NGHTTP2_CANCEL);
    await scene.harness.until(() => scene.harness.requests.length === 1);
    expect(scene.harness.requests).toMatchObject([{ outcome: "parked-closed" }]);
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 0);
    scene.harness.gate.hold();
    answer(await (scene.daprd.call("{}"), scene.app.expect(INVOKE)));
    expect(scene.app.to(TOPIC_EVENT)).toHaveLength(0);
  });

  it("is noticed to be given up when daprd leaves", async () => {
    scene.harness.gate.hold("delivery");
    for (let i = 0; i < 100; i++) scene.daprd.deliver(Buffer.alloc(10_000));
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 100);
    scene.daprd.session.destroy();
    await scene.harness.until(() => scene.harness.relay.connections === 0);
    await scene.harness.until(() => scene.harness.requests.length === 100);
    expect(scene.harness.requests.every(({ outcome }) => outcome === "parked-closed")).toBe(true);
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 0);
    expect(scene.app.arrived).toHaveLength(0);
  });

  it("survives that the app goes away in good order, and goes to the one that comes after it", async () => {
    const old = scene.daprd.call("old");
    const called = await scene.app.expect(INVOKE);
    scene.harness.gate.hold("delivery");
    const kept = scene.daprd.deliver("kept");
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
    called.session.close();
    answer(called);
    await old.end();
    await scene.app.until(() => scene.app.sessions[0]!.destroyed);
    expect(scene.harness.gate.failures).toEqual([]);
    scene.harness.gate.hold();
    answer(await scene.app.expect(TOPIC_EVENT));
    await kept.end();
    expect(kept.body.toString()).toBe("ok");
  });
});

describe("a connection while nothing may pass", () => {
  const scene = stage({}, { initialWindowSize: 300_000, maxConcurrentStreams: 5 });

  it("is greeted, answered pings, and its streams go when the gate opens, as many at once as the app takes", async () => {
    scene.harness.gate.hold(...ALL);
    const daprd = scene.connect();
    const body = Buffer.alloc(200_000, "x");
    const kept = Array.from({ length: 12 }, () => daprd.deliver(body));
    await daprd.ping();
    await new Promise<void>((resolve) => daprd.session.settings({ initialWindowSize: 70_000 }, () => resolve()));
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 12);
    expect(scene.app.sessions).toHaveLength(0);
    scene.harness.gate.hold();
    for (let i = 0; i < kept.length; i++) {
      const arrived = await scene.app.expect(TOPIC_EVENT, i);
      await scene.app.until(() => arrived.ended);
      expect(arrived.body.equals(body)).toBe(true);
      expect(arrived.session.remoteSettings.initialWindowSize).toBe(70_000);
      expect(scene.app.arrived.filter(({ stream }) => !stream.closed).length).toBeLessThanOrEqual(5);
      answer(arrived, body);
    }
    for (const each of kept) expect((await each.end()).body.equals(body)).toBe(true);
  });
});

describe("what is kept", () => {
  const scene = stage();

  it("stays within the budget: beyond it daprd's window is not given back", async () => {
    const bounded = await Harness.start(scene.app.port, {
      protocol: "http2",
      hold: { perRequestBytes: 30_000, totalBytes: 100_000 },
    });
    bounded.gate.hold("delivery");
    const daprd = new Client(bounded.port);
    const body = Buffer.alloc(50_000, "x");
    const kept = Array.from({ length: 10 }, () => daprd.deliver(body));
    await bounded.until(() => bounded.ledger.parked.delivery >= 3);
    await daprd.ping();
    bounded.gate.hold();
    for (let i = 0; i < kept.length; i++) {
      const arrived = await scene.app.expect(TOPIC_EVENT, i);
      await scene.app.until(() => arrived.ended);
      expect(arrived.body.equals(body)).toBe(true);
      answer(arrived);
    }
    for (const each of kept) expect((await each.end()).body.toString()).toBe("ok");
    daprd.session.destroy();
    bounded.relay.close();
    expect(bounded.faults).toEqual([]);
  });

  it("is thrown away when the app is gone for good, and the end of the connection seen behind it", async () => {
    const bounded = await Harness.start(scene.app.port, {
      protocol: "http2",
      hold: { perRequestBytes: 1000, totalBytes: 1000 },
    });
    bounded.gate.hold("delivery");
    const daprd = new Client(bounded.port);
    for (let i = 0; i < 10; i++) daprd.deliver(Buffer.alloc(50_000));
    await bounded.until(() => bounded.ledger.parked.delivery > 0);
    bounded.relay.abandonParked();
    await bounded.until(() => bounded.ledger.parked.delivery === 10);
    bounded.gate.hold();
    await daprd.ping();
    expect(scene.app.to(TOPIC_EVENT)).toHaveLength(0);
    daprd.session.destroy();
    await bounded.until(() => bounded.relay.connections === 0);
    bounded.relay.close();
    expect(bounded.faults).toEqual([]);
  });
});

it("pings reach the direct line's app only while all answers come from there: others it would take for an attack", async () => {
  const app = new RawApp();
  const harness = await Harness.start(await app.listen(), { protocol: "http2" });
  const daprd = await Peer.connect(harness.port);
  const ping = (byte: number) => frame(TYPE.PING, 0, 0, Buffer.alloc(8, byte));
  daprd.send(Buffer.concat([PREFACE, settings(new Map()), ping(1)]));
  const direct = await app.accept();
  await direct.expect("\x01".repeat(8));
  direct.send(Buffer.concat([settings(new Map()), frame(TYPE.PING, FLAG.ACK, 0, Buffer.alloc(8, 1))]));
  await daprd.expect("\x01".repeat(8));
  harness.gate.hold("delivery");
  const head = [{ name: ":method", value: "POST" }, { name: ":path", value: TOPIC_EVENT }];
  const fields = [...head, { name: "content-type", value: "application/grpc" }];
  daprd.send(headersFrames(1, encodeFields(fields), true));
  await harness.until(() => harness.ledger.parked.delivery === 1);
  harness.gate.hold();
  const detour = await app.accept();
  detour.send(settings(new Map()));
  await detour.expect(TOPIC_EVENT);
  daprd.send(ping(2));
  await daprd.expect("\x02".repeat(8));
  daprd.send(frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(8)));
  expect(await direct.expect("\x07")).not.toContain("\x02".repeat(8));
  daprd.socket.destroy();
  harness.relay.close();
  await app.die();
  expect(harness.faults).toEqual([]);
});

it("what is not HTTP/2 is told so, and does not reach the app", async () => {
  const harness = await Harness.start(1, { protocol: "http2" });
  const peer = await Peer.connect(harness.port);
  peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await peer.end();
  expect(peer.received.subarray(3, 4)).toEqual(Buffer.of(7));
  peer.socket.end();
  await harness.until(() => harness.requests.length === 1);
  expect(harness.requests).toMatchObject([{ outcome: "bad-request" }]);
  harness.relay.close();
});
