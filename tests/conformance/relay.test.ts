/** The relay between raw peers: what it holds, what it passes, and what a broken connection means. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { total } from "../../services/core/ledger.ts";
import { answer, call, delivery, Harness, Peer, RawApp } from "./relay-harness.ts";

let app: RawApp;
let harness: Harness;

beforeEach(async () => {
  app = new RawApp();
  harness = await Harness.start(await app.listen());
});

afterEach(async () => {
  harness.relay.close();
  await app.die();
  expect(harness.faults).toEqual([]);
});

describe("an exchange", () => {
  it("passes as it came, and is in flight from the request's head to the answer's end", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(delivery("hello"));
    const upstream = await app.accept();
    expect(await upstream.expect("hello")).toBe(delivery("hello"));
    expect(harness.ledger.inFlight.delivery).toBe(1);
    upstream.send(answer("done"));
    expect(await daprd.expect("done")).toBe(answer("done"));
    await harness.until(() => harness.ledger.inFlight.delivery === 0);
    expect(harness.requests).toMatchObject([{ class: "delivery", rule: "cloudevent", outcome: "finished" }]);
  });

  it("uses one connection to the app for many requests", async () => {
    const daprd = await Peer.connect(harness.port);
    for (let i = 0; i < 20; i++) {
      daprd.send(i % 2 ? delivery(`message ${i};`) : call(`message ${i};`));
      const upstream = app.peers[0] ?? await app.accept();
      await upstream.expect(`message ${i};`);
      upstream.send(answer(`answer ${i};`));
      await daprd.expect(`answer ${i};`);
    }
    expect(app.peers).toHaveLength(1);
    expect(harness.ledger.finished).toMatchObject({ delivery: 10, call: 10 });
  });

  it("answers pipelined requests in order, one at a time", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(delivery("first") + call("second") + delivery("third"));
    const upstream = await app.accept();
    for (const body of ["first", "second", "third"]) {
      expect(await upstream.expect(body)).toMatch(new RegExp(`${body}$`));
      upstream.send(answer(`to ${body}`));
    }
    expect(await daprd.expect("to third")).toBe(answer("to first") + answer("to second") + answer("to third"));
  });

  it("passes an interim response, then the final one", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send("POST /upload HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    const upstream = await app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send("HTTP/1.1 100 Continue\r\n\r\n");
    await daprd.expect("100 Continue\r\n\r\n");
    expect(total(harness.ledger.inFlight)).toBe(1);
    daprd.send("body");
    await upstream.expect("body");
    upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer("fin"));
    expect(await daprd.expect("fin")).toContain("103 Early Hints");
    await harness.until(() => total(harness.ledger.inFlight) === 0);
  });

  it("passes an answer that comes before the request's end, and then the rest of the request", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send("POST /early HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\n12345");
    const upstream = await app.accept();
    await upstream.expect("12345");
    upstream.send(answer("early"));
    await daprd.expect("early");
    await harness.until(() => total(harness.ledger.inFlight) === 0);
    daprd.send("67890" + call("next"));
    expect(await upstream.expect("next")).toBe("67890" + call("next"));
    upstream.send(answer("late"));
    await daprd.expect("late");
  });

  it("ends with the connection if the answer has no length", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send("GET /stream HTTP/1.1\r\nHost: app\r\n\r\n");
    const upstream = await app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send("HTTP/1.1 200 OK\r\n\r\nsome ");
    await daprd.expect("some ");
    upstream.send("more");
    upstream.socket.end();
    await daprd.end();
    expect(daprd.text).toBe("more");
    expect(harness.requests).toMatchObject([{ outcome: "finished" }]);
  });

  it.each([
    ["the request", "GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n", answer()],
    [
      "the answer",
      "GET / HTTP/1.1\r\nHost: app\r\n\r\n",
      "HTTP/1.1 200 OK\r\nconnection: Close\r\nContent-Length: 2\r\n\r\nok",
    ],
    ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", answer()],
    ["an answer of HTTP/1.0", "GET / HTTP/1.1\r\nHost: app\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  ])("ends the connection after the answer if %s says so", async (_, request, response) => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(request);
    const upstream = await app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send(response);
    await daprd.end();
    expect(daprd.text).toBe(response);
    daprd.socket.end();
    await harness.until(() => harness.relay.connections === 0);
    await upstream.end();
  });

  it("keeps a connection of HTTP/1.0 that both sides want to keep", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const upstream = await app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok");
    await daprd.expect("ok");
    daprd.send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    await upstream.expect("GET /b");
  });

  it("passes half a close on, and the answer that still comes", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(call("last words"));
    daprd.socket.end();
    const upstream = await app.accept();
    await upstream.end();
    expect(upstream.text).toBe(call("last words"));
    upstream.send(answer("still here"));
    await daprd.end();
    expect(daprd.text).toBe(answer("still here"));
  });

  it("is cut off for the app if daprd resets its connection", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(call("never mind"));
    const upstream = await app.accept();
    await upstream.expect("never mind");
    daprd.socket.resetAndDestroy();
    await upstream.end();
    await harness.until(() => harness.requests.length === 1);
    expect(harness.requests).toMatchObject([{ outcome: "peer-closed" }]);
    expect(harness.gate.failures).toEqual([]);
    expect(total(harness.ledger.inFlight)).toBe(0);
  });
});

describe("a request that may not pass", () => {
  it("waits unanswered, and is not seen by the app before the gate opens", async () => {
    harness.gate.hold("delivery");
    const [held, passing] = await Promise.all([Peer.connect(harness.port), Peer.connect(harness.port)]);
    held.send(delivery("held"));
    await harness.until(() => harness.ledger.parked.delivery === 1);
    passing.send(call("passing"));
    const upstream = await app.accept();
    await upstream.expect("passing");
    expect(app.peers).toHaveLength(1);
    expect(harness.ledger.inFlight).toMatchObject({ delivery: 0, call: 1 });
    expect(harness.parks).toMatchObject([{ class: "delivery", path: "/orders", why: "gate" }]);

    harness.gate.hold();
    const second = await app.accept();
    expect(await second.expect("held")).toBe(delivery("held"));
    expect(harness.ledger.parked.delivery).toBe(0);
    expect(harness.ledger.inFlight.delivery).toBe(1);
    second.send(answer("done"));
    await held.expect("done");
  });

  it("waits at the message boundary: what came before it is answered", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(call("first"));
    const upstream = await app.accept();
    await upstream.expect("first");
    harness.gate.hold("delivery");
    daprd.send(delivery("second"));
    upstream.send(answer("to first"));
    await daprd.expect("to first");
    await harness.until(() => harness.ledger.parked.delivery === 1);
    harness.gate.hold();
    expect(await upstream.expect("second")).toBe(delivery("second"));
  });

  it.each([0, 100, 1_000_000])("is noticed to be given up behind a body of %i bytes", async (size) => {
    harness.gate.hold("delivery");
    const daprd = await Peer.connect(harness.port);
    daprd.send(delivery("x".repeat(size)));
    await harness.until(() => harness.ledger.parked.delivery === 1);
    daprd.socket.end();
    await harness.until(() => harness.relay.connections === 0);
    await harness.until(() => harness.requests.length === 1);
    expect(harness.requests).toMatchObject([{ outcome: "parked-closed" }]);
    expect(harness.ledger.parked.delivery).toBe(0);
    expect(app.peers).toHaveLength(0);
  });

  it("is not noticed to be given up behind more than may be held, before what is parked is abandoned", async () => {
    const bounded = await Harness.start(app.port, { hold: { perRequestBytes: 100_000, totalBytes: 1_000_000 } });
    bounded.gate.hold("delivery");
    const daprd = await Peer.connect(bounded.port);
    daprd.send(delivery("x".repeat(30_000_000)));
    daprd.socket.end();
    await bounded.until(() => bounded.ledger.parked.delivery === 1);
    expect(bounded.relay.connections).toBe(1);
    bounded.relay.abandonParked();
    await bounded.until(() => bounded.relay.connections === 0);
    await bounded.until(() => bounded.requests.length === 1);
    expect(bounded.requests).toMatchObject([{ outcome: "parked-closed" }]);
    bounded.relay.close();
  });

  it("goes on whole if its body came while it waited", async () => {
    harness.gate.hold("delivery", "call");
    const body = "0123456789".repeat(50_000);
    const daprd = await Peer.connect(harness.port);
    const whole = call(body);
    daprd.send(whole.slice(0, 200_000));
    await harness.until(() => harness.ledger.parked.call === 1);
    daprd.send(whole.slice(200_000));
    harness.gate.hold();
    const upstream = await app.accept();
    await upstream.until(() => upstream.received.length >= whole.length);
    expect(upstream.text === whole).toBe(true);
    upstream.send(answer("done"));
    await daprd.expect("done");
  });
});

describe("an app that refuses connections", () => {
  it("is told of, and the request waits until it listens again", async () => {
    const { port } = app;
    await app.die();
    const daprd = await Peer.connect(harness.port);
    daprd.send(call("patience"));
    await harness.until(() => harness.ledger.parked.call === 1);
    expect(harness.gate.failures).toEqual([{ kind: "refused", detail: "ECONNREFUSED" }]);
    expect(harness.ledger.inFlight.call).toBe(0);
    await app.listen(port);
    harness.gate.hold();
    const upstream = await app.accept();
    await upstream.expect("patience");
    upstream.send(answer("served"));
    expect(await daprd.expect("served")).toBe(answer("served"));
  });

  it("is asked again if the gate stays open", async () => {
    const { port } = app;
    harness.gate.closeOnFailure = false;
    await app.die();
    const daprd = await Peer.connect(harness.port);
    daprd.send(delivery("patience"));
    await harness.until(() => harness.gate.failures.length >= 2);
    await app.listen(port);
    await (await app.accept()).expect("patience");
  });
});

describe("an app that closes an idle connection", () => {
  it("is connected to anew, and nothing failed", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(call("first"));
    const first = await app.accept();
    await first.expect("first");
    first.send(answer("one"));
    await daprd.expect("one");
    first.socket.end();
    await first.until(() => first.ended);
    daprd.send(call("second"));
    const second = await app.accept();
    await second.expect("second");
    second.send(answer("two"));
    await daprd.expect("two");
    expect(harness.gate.failures).toEqual([]);
  });

  it("may cross a delivery, which then goes over a new connection", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(delivery("first"));
    const first = await app.accept();
    await first.expect("first");
    first.send(answer("one"));
    await daprd.expect("one");
    daprd.send(delivery("second"));
    await first.expect("second");
    first.socket.destroy();
    const second = await app.accept();
    expect(await second.expect("second")).toBe(delivery("second"));
    second.send(answer("two"));
    await daprd.expect("two");
    expect(harness.gate.failures).toEqual([]);
  });

  it("may cross a call, whose connection is closed then: nobody knows whether it was done", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(call("first"));
    const first = await app.accept();
    await first.expect("first");
    first.send(answer("one"));
    await daprd.expect("one");
    daprd.send(call("second"));
    await first.expect("second");
    first.socket.destroy();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(app.peers).toHaveLength(1);
    expect(harness.gate.failures).toEqual([]);
  });

  it("may say something unasked before, which nobody takes for the next answer", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(call("first"));
    const first = await app.accept();
    await first.expect("first");
    first.send(answer("one") + answer("smuggled"));
    expect(await daprd.expect("one")).toBe(answer("one"));
    daprd.send(call("second"));
    const second = await app.accept();
    await second.expect("second");
    second.send(answer("two"));
    expect(await daprd.expect("two")).toBe(answer("two"));
  });
});

describe("an app that dies in the middle of an exchange", () => {
  it("costs a call its connection", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(call("work"));
    await (await app.accept()).expect("work");
    await app.die();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(harness.gate.failures).toMatchObject([{ kind: "died" }]);
    expect(harness.requests).toMatchObject([{ class: "call", outcome: "app-died" }]);
  });

  it("leaves a delivery unanswered as long as the gate is closed", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(delivery("work"));
    await (await app.accept()).expect("work");
    await app.die();
    await harness.until(() => harness.ledger.parked.delivery === 1);
    expect(harness.gate.failures).toMatchObject([{ kind: "died" }]);
    expect(total(harness.ledger.inFlight)).toBe(0);
    expect(daprd.ended || daprd.closed).toBe(false);
    harness.gate.hold();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(harness.requests).toMatchObject([{ class: "delivery", outcome: "app-died" }]);
  });

  it("and was dead before a delivery crossed it: the delivery waits as well", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(delivery("first"));
    const first = await app.accept();
    await first.expect("first");
    first.send(answer("one"));
    await daprd.expect("one");
    daprd.send(delivery("second"));
    await first.expect("second");
    await app.die();
    await harness.until(() => harness.ledger.parked.delivery === 1);
    expect(harness.gate.failures).toMatchObject([{ kind: "refused" }]);
    daprd.socket.end();
    await harness.until(() => harness.requests.length === 2);
    expect(harness.requests[1]).toMatchObject({ outcome: "parked-closed" });
  });

  it("cuts an answer off where it was cut", async () => {
    const daprd = await Peer.connect(harness.port);
    daprd.send(delivery("work"));
    const upstream = await app.accept();
    await upstream.expect("work");
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    await daprd.expect("12345");
    await app.die();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(harness.requests).toMatchObject([{ outcome: "app-died" }]);
  });
});

describe("redelivery", () => {
  it("sends a delivery again, whole, when the gate opens, and passes no answer that was cut off", async () => {
    const again = await Harness.start(app.port, { redeliver: { limit: 3 } });
    const message = delivery("x".repeat(300_000));
    const daprd = await Peer.connect(again.port);
    daprd.send(message.slice(0, 150_000));
    const first = await app.accept();
    await first.until(() => first.received.length === 150_000);
    first.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    first.socket.end();
    await again.until(() => again.ledger.parked.delivery === 1);
    daprd.send(message.slice(150_000));
    again.gate.hold();
    const second = await app.accept();
    await second.until(() => second.received.length >= message.length);
    expect(second.text === message).toBe(true);
    second.send(answer("done"));
    expect(await daprd.expect("done")).toBe(answer("done"));
    again.relay.close();
  });

  it("ends after the last attempt, so that Dapr's own policy decides", async () => {
    const again = await Harness.start(app.port, { redeliver: { limit: 3 } });
    const daprd = await Peer.connect(again.port);
    daprd.send(delivery("poison"));
    for (let attempt = 1; attempt <= 3; attempt++) {
      const upstream = await app.accept();
      await upstream.expect("poison");
      upstream.socket.destroy();
      await again.until(() => again.gate.failures.length === attempt);
      await again.until(() => again.ledger.parked.delivery === 1);
      again.gate.hold();
    }
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(app.peers).toHaveLength(3);
    again.relay.close();
  });

  it("keeps what is too large to be held parked, also when the gate opens", async () => {
    const again = await Harness.start(app.port, {
      redeliver: { limit: 3 },
      hold: { perRequestBytes: 50_000, totalBytes: 1_000_000 },
    });
    const message = delivery("x".repeat(300_000));
    const daprd = await Peer.connect(again.port);
    daprd.send(message);
    const upstream = await app.accept();
    await upstream.until(() => upstream.received.length === message.length);
    upstream.socket.destroy();
    await again.until(() => again.ledger.parked.delivery === 1);
    again.gate.hold();
    const other = await Peer.connect(again.port);
    other.send(call("meanwhile"));
    const next = await app.accept();
    await next.expect("meanwhile");
    expect(again.ledger.parked.delivery).toBe(1);
    daprd.socket.end();
    await again.until(() => again.ledger.parked.delivery === 0);
    again.relay.close();
  });
});
