/** An app that refuses, dies, or does not speak HTTP/2. */
import { constants } from "node:http2";
import { describe, expect, it } from "vitest";
import { answer, Client, Http2App, INVOKE, stage, TOPIC_EVENT } from "./http2-harness.ts";
import { Harness, RawApp } from "./relay-harness.ts";

const EVENT = { ":path": "/orders", "content-type": "application/cloudevents+json" };

describe("an app that dies", () => {
  const scene = stage({ redeliver: { limit: 3 } });

  async function restart(): Promise<Http2App> {
    const { port } = scene.app;
    await scene.app.die();
    await scene.harness.until(() => scene.harness.gate.failures.length > 0);
    const next = new Http2App();
    await next.listen(port);
    scene.app = next;
    return next;
  }

  it("gets its deliveries again, whole, when it is back; daprd's connection lives on", async () => {
    const body = Buffer.alloc(30_000, "0123456789");
    const whole = scene.daprd.deliver(body);
    const partial = scene.daprd.request({ ...EVENT, "x-kind": "partial" });
    partial.stream.write("first ");
    await scene.app.until(() => scene.app.arrived.filter(({ body }) => body.length > 5).length === 2);
    const next = await restart();
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 2);
    expect(scene.harness.parks).toMatchObject([{ why: "died" }, { why: "died" }]);
    partial.stream.end("second");
    await scene.daprd.ping();
    scene.harness.gate.hold();
    const again = await next.expect(TOPIC_EVENT);
    await next.until(() => again.ended);
    expect(again.body.equals(body)).toBe(true);
    answer(again);
    const other = await next.expect("/orders");
    await next.until(() => other.ended);
    expect(other.body.toString()).toBe("first second");
    other.stream.respond({ ":status": 204 }, { endStream: true });
    expect((await whole.end()).trailers).toMatchObject({ "grpc-status": "0" });
    expect((await partial.end()).headers).toMatchObject({ ":status": 204 });
    expect(scene.harness.ledger.inFlight.delivery + scene.harness.ledger.parked.delivery).toBe(0);
  });

  it("gets a delivery that is larger than any window again", async () => {
    const body = Buffer.alloc(1_000_000, "0123456789");
    const asked = scene.daprd.deliver(body);
    const arrived = await scene.app.expect(TOPIC_EVENT);
    await scene.app.until(() => arrived.body.length > 400_000);
    const next = await restart();
    scene.harness.gate.hold();
    const again = await next.expect(TOPIC_EVENT);
    await next.until(() => again.ended);
    expect(again.body.equals(body)).toBe(true);
    answer(again);
    expect((await asked.end()).body.toString()).toBe("ok");
  });

  it("gets a delivery again of whose answer only gRPC's head came, which daprd does not get twice", async () => {
    const asked = [scene.daprd.deliver("a"), scene.daprd.deliver("b")];
    for (const [i, each] of asked.entries()) {
      const { stream } = await scene.app.expect(TOPIC_EVENT, i);
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      await each.until(() => each.headers !== null);
    }
    const next = await restart();
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 2);
    scene.harness.gate.hold();
    answer(await next.expect(TOPIC_EVENT));
    (await next.expect(TOPIC_EVENT, 1)).stream.respond({ ":status": 200, "grpc-status": "9" }, { endStream: true });
    await Promise.all(asked.map((each) => each.end()));
    expect(asked.map(({ trailers }) => trailers?.["grpc-status"])).toEqual(["0", "9"]);
    expect(asked.map(({ body }) => body.toString())).toEqual(["ok", ""]);
    expect(asked.map(({ error }) => error)).toEqual([null, null]);
  });

  it("makes calls fail as a broken connection does, and never gets them twice", async () => {
    const grpc = scene.daprd.call("{}");
    const http = scene.daprd.request({ ":path": "/m", "dapr-caller-app-id": "a", "dapr-callee-app-id": "b" }, "{}");
    const begun = scene.daprd.call("{}", { ":path": "/begun" });
    const arrived = await scene.app.expect("/begun");
    arrived.stream.respond({ ":status": 200, "content-type": "application/grpc" });
    arrived.stream.write("part");
    await begun.until(() => begun.body.length === 4);
    await scene.app.expect("/m");
    const next = await restart();
    await Promise.all([grpc.end(), http.end(), begun.end()]);
    expect(grpc.headers).toMatchObject({ ":status": 200, "grpc-status": "14" });
    expect(http.stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    expect(begun.trailers).toMatchObject({ "grpc-status": "14" });
    expect(scene.harness.requests.map(({ outcome }) => outcome)).toEqual(["app-died", "app-died", "app-died"]);
    scene.harness.gate.hold();
    const fresh = scene.daprd.call("fresh");
    answer(await next.expect(INVOKE));
    await fresh.end();
    expect(next.arrived).toHaveLength(1);
  });

  it("gets a delivery no more than the limit; then it fails, when the gate is open", async () => {
    const asked = scene.daprd.deliver("poison");
    for (let attempt = 1; attempt <= 3; attempt++) {
      await scene.app.expect(TOPIC_EVENT);
      await restart();
      await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
      expect(asked.closed).toBe(false);
      scene.harness.gate.failures.length = 0;
      scene.harness.gate.hold();
    }
    await asked.end();
    expect(asked.headers).toMatchObject({ "grpc-status": "14" });
    expect(scene.app.arrived).toHaveLength(0);
  });

  it("gets the last attempt alone, so that who kills it takes nobody along", async () => {
    const poison = scene.daprd.deliver("poison");
    const innocent = scene.daprd.deliver("innocent");
    for (let attempt = 1; attempt <= 2; attempt++) {
      await scene.app.expect(TOPIC_EVENT, 1);
      await restart();
      await scene.harness.until(() => scene.harness.ledger.parked.delivery === 2);
      scene.harness.gate.failures.length = 0;
      scene.harness.gate.hold();
    }
    const alone = await scene.app.expect(TOPIC_EVENT);
    await scene.app.until(() => alone.ended);
    expect(alone.body.toString()).toContain("poison");
    const other = scene.connect();
    const late = other.deliver("late");
    const called = other.call("{}");
    answer(await scene.app.expect(INVOKE));
    await called.end();
    expect(scene.harness.ledger.inFlight.delivery).toBe(1);
    expect(scene.harness.ledger.parked.delivery).toBe(2);
    const next = await restart();
    scene.harness.gate.hold();
    await poison.end();
    expect(poison.headers).toMatchObject({ "grpc-status": "14" });
    const again = await next.expect(TOPIC_EVENT);
    await next.until(() => again.ended);
    expect(again.body.toString()).toContain("innocent");
    expect(scene.harness.ledger.parked.delivery).toBe(1);
    answer(again);
    await innocent.end();
    answer(await next.expect(TOPIC_EVENT, 1));
    await late.end();
    expect([innocent, late].map(({ body }) => body.toString())).toEqual(["ok", "ok"]);
  });

  it("is not said to have died when it ends an idle connection; the next stream finds another", async () => {
    await scene.daprd.ping();
    for (const socket of scene.app.sockets) socket.destroy();
    await scene.app.until(() => scene.app.sockets.size === 0);
    await scene.daprd.ping();
    const asked = scene.daprd.deliver("{}");
    answer(await scene.app.expect(TOPIC_EVENT));
    await asked.end();
    expect(asked.body.toString()).toBe("ok");
    expect(scene.harness.gate.failures).toEqual([]);
  });

  it("that says of a delivery that it did not look at it gets it again", async () => {
    const asked = scene.daprd.deliver("{}");
    (await scene.app.expect(TOPIC_EVENT)).stream.close(constants.NGHTTP2_REFUSED_STREAM);
    answer(await scene.app.expect(TOPIC_EVENT, 1));
    await asked.end();
    expect(asked.body.toString()).toBe("ok");
  });
});

describe("without redelivery, an app that dies", () => {
  const scene = stage();

  it("fails a delivery only when the gate is open again", async () => {
    const asked = scene.daprd.deliver("{}");
    await scene.app.expect(TOPIC_EVENT);
    await scene.app.die();
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
    await scene.daprd.ping();
    expect(asked.closed).toBe(false);
    scene.harness.gate.hold();
    await asked.end();
    expect(asked.headers).toMatchObject({ "grpc-status": "14" });
  });
});

describe("an app that refuses", () => {
  const scene = stage();

  it("is waited for: a new connection is greeted, and its streams are kept", async () => {
    const { port } = scene.app;
    await scene.app.die();
    const daprd = scene.connect();
    const asked = [daprd.deliver("delivery"), daprd.call("call")];
    await daprd.ping();
    await scene.harness.until(() => scene.harness.ledger.parked.call === 1);
    expect(scene.harness.gate.failures[0]).toEqual({ kind: "refused", detail: "ECONNREFUSED" });
    scene.app = new Http2App();
    await scene.app.listen(port);
    scene.harness.gate.hold();
    answer(await scene.app.expect(TOPIC_EVENT));
    answer(await scene.app.expect(INVOKE));
    for (const each of asked) expect((await each.end()).body.toString()).toBe("ok");
  });
});

describe("an app that does not speak HTTP/2", () => {
  it("is one that died", async () => {
    const app = new RawApp();
    const harness = await Harness.start(await app.listen(), { protocol: "http2" });
    const daprd = new Client(harness.port);
    const asked = daprd.deliver("{}");
    const upstream = await app.accept();
    await upstream.until(() => upstream.received.length > 24);
    upstream.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    await harness.until(() => harness.ledger.parked.delivery === 1);
    expect(harness.gate.failures).toHaveLength(1);
    expect(asked.closed).toBe(false);
    daprd.session.destroy();
    await harness.until(() => harness.relay.connections === 0);
    harness.relay.close();
    await app.die();
    expect(harness.faults).toEqual([]);
  });

  it("is not asked again and again if it ends each connection at once", async () => {
    const app = new RawApp();
    const harness = await Harness.start(await app.listen(), { protocol: "http2" });
    harness.gate.hold("delivery", "call", "opaque");
    const daprd = new Client(harness.port);
    daprd.deliver("{}");
    await harness.until(() => harness.ledger.parked.delivery === 1);
    harness.gate.hold();
    (await app.accept()).socket.destroy();
    await harness.until(() => harness.gate.failures.length === 1 && harness.ledger.parked.delivery === 1);
    expect(harness.gate.failures).toMatchObject([{ kind: "died" }]);
    expect(app.peers).toHaveLength(1);
    daprd.session.destroy();
    harness.relay.close();
    await app.die();
    expect(harness.faults).toEqual([]);
  });
});
