/** Exchanges over HTTP/2 that nothing disturbs, between real peers. */
import { constants } from "node:http2";
import { describe, expect, it } from "vitest";
import { headersFrames, SETTING, settings } from "../../services/sidecar/http2/frames.ts";
import { encodeFields } from "../../services/sidecar/http2/hpack/encoder.ts";
import { answer, Client, INVOKE, stage, TOPIC_EVENT } from "./http2-harness.ts";
import { Harness, RawApp } from "./relay-harness.ts";

const scene = stage();

describe("a stream", () => {
  it("passes both ways, with head, body and trailers, and is in flight from its head to its end", async () => {
    const asked = scene.daprd.request(
      { ":path": TOPIC_EVENT, "content-type": "application/grpc", "x-many": ["a", "b"] },
      undefined,
      { waitForTrailers: true },
    );
    asked.stream.on("wantTrailers", () => asked.stream.sendTrailers({ "x-checksum": "1" }));
    asked.stream.write("first ");
    const arrived = await scene.app.expect(TOPIC_EVENT);
    expect(scene.harness.ledger.inFlight).toMatchObject({ delivery: 1, call: 0 });
    asked.stream.end("second");
    await scene.app.until(() => arrived.ended);
    expect(arrived.body.toString()).toBe("first second");
    expect(arrived.headers).toMatchObject({ ":method": "POST", "x-many": "a, b" });
    expect(arrived.trailers).toMatchObject({ "x-checksum": "1" });
    expect(scene.harness.ledger.inFlight.delivery).toBe(1);
    answer(arrived, "done");
    await asked.end();
    expect(asked.headers).toMatchObject({ ":status": 200 });
    expect(asked.body.toString()).toBe("done");
    expect(asked.trailers).toMatchObject({ "grpc-status": "0" });
    expect(scene.harness.ledger.inFlight.delivery).toBe(0);
    expect(scene.harness.requests).toMatchObject([{ class: "delivery", rule: "callback", outcome: "finished" }]);
  });

  it("is known by its time if another app has called, and only then", async () => {
    const delivered = scene.daprd.request({ ":path": TOPIC_EVENT, "content-type": "application/grpc" }, "message");
    answer(await scene.app.expect(TOPIC_EVENT));
    await delivered.end();
    expect(scene.harness.relay.lastCallAt).toBeNull();
    const asked = scene.daprd.call("question");
    answer(await scene.app.expect(INVOKE));
    await asked.end();
    expect(scene.harness.relay.lastCallAt).toEqual(expect.any(Number));
  });

  it("goes beside hundreds of others", async () => {
    const asked = Array.from({ length: 300 }, (_, i) => scene.daprd.call(`body ${i}`, { "x-index": `${i}` }));
    await scene.app.until(() => scene.app.arrived.filter(({ ended }) => ended).length === 300);
    expect(scene.harness.ledger.inFlight.call).toBe(300);
    for (const arrived of [...scene.app.arrived].reverse()) {
      answer(arrived, `to ${String(arrived.headers["x-index"])}: ${arrived.body.toString()}`);
    }
    for (const [i, { body }] of (await Promise.all(asked.map((each) => each.end()))).entries()) {
      expect(body.toString()).toBe(`to ${i}: body ${i}`);
    }
    expect(scene.harness.ledger.inFlight.call).toBe(0);
    expect(scene.app.sessions).toHaveLength(1);
  });

  it("carries bodies that are larger than any window, both ways at once", async () => {
    const up = Buffer.alloc(5_000_000, "up");
    const down = Buffer.alloc(7_000_000, "down");
    const asked = scene.daprd.call(up);
    const arrived = await scene.app.expect(INVOKE);
    answer(arrived, down);
    await asked.end();
    await scene.app.until(() => arrived.ended);
    expect(arrived.body.equals(up)).toBe(true);
    expect(asked.body.equals(down)).toBe(true);
  });

  it("carries heads of many frames", async () => {
    const long = "x".repeat(50_000);
    const asked = scene.daprd.call("{}", { "x-long": long });
    const arrived = await scene.app.expect(INVOKE);
    expect(arrived.headers["x-long"]).toBe(long);
    arrived.stream.respond({ ":status": 200, "x-long": long });
    arrived.stream.end();
    await asked.end();
    expect(asked.headers?.["x-long"]).toBe(long);
  });

  it("that the app does not read holds up no other", async () => {
    scene.app.reads = false;
    const stalled = scene.daprd.call(Buffer.alloc(60_000));
    await scene.app.expect(INVOKE);
    scene.app.reads = true;
    const asked = scene.daprd.call("quick", { ":path": "/quick" });
    answer(await scene.app.expect("/quick"));
    await asked.end();
    expect(stalled.closed).toBe(false);
  });

  it("ends with a reset of either side, and its code", async () => {
    const first = scene.daprd.call("{}");
    (await scene.app.expect(INVOKE)).stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await first.end();
    expect(first.stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    const second = scene.daprd.deliver("{}");
    const arrived = await scene.app.expect(TOPIC_EVENT);
    second.stream.close(constants.NGHTTP2_CANCEL);
    await scene.app.until(() => arrived.reset === constants.NGHTTP2_CANCEL);
    await scene.harness.until(() => scene.harness.requests.length === 2);
    expect(scene.harness.requests).toMatchObject([{ outcome: "finished" }, { outcome: "peer-closed" }]);
    expect(scene.harness.ledger.inFlight).toMatchObject({ delivery: 0, call: 0 });
  });
});

describe("a connection", () => {
  it("answers pings by the app", async () => {
    await scene.daprd.ping();
    expect(scene.app.sessions).toHaveLength(1);
    await new Promise<void>((resolve, reject) =>
      scene.app.sessions[0]!.ping((error) => error ? reject(error) : resolve())
    );
  });

  it("is told that the app goes, and that what is under way is looked after", async () => {
    const asked = scene.daprd.call("{}");
    const arrived = await scene.app.expect(INVOKE);
    arrived.session.close();
    await scene.daprd.until(() => scene.daprd.goneAway !== null);
    expect(scene.daprd.goneAway).toEqual({ code: 0, lastId: 2 ** 31 - 1 });
    answer(arrived);
    await asked.end();
    expect(asked.body.toString()).toBe("ok");
    expect(scene.harness.gate.failures).toEqual([]);
  });

  it("that only looks whether somebody listens does not reach the app", async () => {
    scene.daprd.session.destroy();
    await scene.harness.until(() => scene.harness.relay.connections === 0);
    expect(scene.harness.requests).toEqual([]);
  });

  it("takes the app's connection with it", async () => {
    scene.daprd.deliver("{}");
    await scene.app.expect(TOPIC_EVENT);
    scene.daprd.session.destroy();
    await scene.app.until(() => scene.app.sessions.every(({ closed, destroyed }) => closed || destroyed));
    await scene.harness.until(() => scene.harness.requests.length === 1);
    expect(scene.harness.requests).toMatchObject([{ outcome: "peer-closed" }]);
    expect(scene.harness.gate.failures).toEqual([]);
    expect(scene.harness.ledger.inFlight.delivery).toBe(0);
  });
});

describe("an app with settings of its own", () => {
  const scene = stage({}, { maxConcurrentStreams: 7, initialWindowSize: 70_000 });

  it("tells them to daprd, and daprd its own to the app", async () => {
    const { daprd } = scene;
    daprd.call("{}");
    await daprd.until(() => daprd.session.remoteSettings?.maxConcurrentStreams === 7);
    expect(daprd.session.remoteSettings.initialWindowSize).toBe(70_000);
    const { session } = await scene.app.expect(INVOKE);
    expect(session.remoteSettings.initialWindowSize).toBe(99_999);
  });
});

describe("an app that takes the connection, and says nothing yet", () => {
  const most = (daprd: Client) => daprd.session.remoteSettings?.maxConcurrentStreams;

  // grpc-go fails all that waits for a server that has not spoken after what Dapr gives it, which is 1 s.
  it.each([
    { what: "a limit", told: new Map([[SETTING.MAX_STREAMS, 7]]), after: 7 },
    { what: "none", told: new Map<number, number>(), after: 2 ** 32 - 1 },
  ])("lets daprd begin; $what of its streams is told later", async ({ told, after }) => {
    const app = new RawApp();
    const harness = await Harness.start(await app.listen(), { protocol: "http2" });
    const daprd = new Client(harness.port);
    const line = await app.accept();
    await daprd.until(() => most(daprd) === 100);
    const asked = daprd.deliver("the message");
    await line.expect("the message");
    line.send(settings(told));
    await daprd.until(() => most(daprd) === after);
    line.send(headersFrames(1, encodeFields([{ name: ":status", value: "204" }]), true));
    await asked.end();
    expect(asked.headers).toMatchObject({ ":status": 204 });
    daprd.session.destroy();
    harness.relay.close();
    await app.die();
    expect(harness.faults).toEqual([]);
  });
});

describe("plain HTTP over HTTP/2", () => {
  it("is classified as over HTTP/1, with the paths that Dapr asks about and the app names", async () => {
    const subscribe = scene.daprd.request({ ":method": "GET", ":path": "/dapr/subscribe" });
    const asked = await scene.app.expect("/dapr/subscribe");
    asked.stream.respond({ ":status": 200 });
    asked.stream.end(JSON.stringify([{ pubsubname: "p", topic: "t", route: "/bulk" }]));
    await subscribe.end();
    const daprd = scene.connect();
    const options = daprd.request({ ":method": "OPTIONS", ":path": "/binding" }, "");
    const second = await scene.app.expect("/binding");
    second.stream.respond({ ":status": 405 }, { endStream: true });
    await options.end();
    await scene.harness.until(() => scene.harness.relay.deliveryPaths.size === 2);
    expect(scene.harness.relay.deliveryPaths).toEqual(new Set(["/binding", "/bulk"]));

    const json = { "content-type": "application/json" };
    daprd.request({ ":path": "/orders", "content-type": "application/cloudevents+json" }, "{}");
    daprd.request({ ":path": "/bulk?a=b", ...json }, "{}");
    daprd.request({ ":path": "/m", ...json, "dapr-caller-app-id": "a", "dapr-callee-app-id": "b" }, "{}");
    await scene.harness.until(() => scene.harness.ledger.inFlight.call + scene.harness.ledger.inFlight.delivery === 3);
    expect(scene.harness.ledger.inFlight).toMatchObject({ delivery: 2, call: 1 });
  });
});
