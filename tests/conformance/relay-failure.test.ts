/** What a refused or broken connection to the app means. */
import { describe, expect, it } from "vitest";
import { total } from "../../services/core/ledger.ts";
import { answer, call, delivery, Peer, stage } from "./relay-harness.ts";

const scene = stage();

describe("an app that refuses connections", () => {
  it("is told of, and the request waits until it listens again", async () => {
    const { port } = scene.app;
    await scene.app.die();
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("patience"));
    await scene.harness.until(() => scene.harness.ledger.parked.call === 1);
    expect(scene.harness.gate.failures).toEqual([{ kind: "refused", detail: "ECONNREFUSED" }]);
    expect(scene.harness.ledger.inFlight.call).toBe(0);
    await scene.app.listen(port);
    scene.harness.gate.hold();
    const upstream = await scene.app.accept();
    await upstream.expect("patience");
    upstream.send(answer("served"));
    expect(await daprd.expect("served")).toBe(answer("served"));
  });

  it("is asked again if the gate stays open", async () => {
    const { port } = scene.app;
    scene.harness.gate.closeOnFailure = false;
    await scene.app.die();
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(delivery("patience"));
    await scene.harness.until(() => scene.harness.gate.failures.length >= 2);
    await scene.app.listen(port);
    await (await scene.app.accept()).expect("patience");
  });
});

describe("an app that closes an idle connection", () => {
  it("is connected to anew, and nothing failed", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("first"));
    const first = await scene.app.accept();
    await first.expect("first");
    first.send(answer("one"));
    await daprd.expect("one");
    first.socket.end();
    await first.until(() => first.ended);
    daprd.send(call("second"));
    const second = await scene.app.accept();
    await second.expect("second");
    second.send(answer("two"));
    await daprd.expect("two");
    expect(scene.harness.gate.failures).toEqual([]);
  });

  it("may cross a delivery, which then goes over a new connection", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(delivery("first"));
    const first = await scene.app.accept();
    await first.expect("first");
    first.send(answer("one"));
    await daprd.expect("one");
    daprd.send(delivery("second"));
    await first.expect("second");
    first.socket.destroy();
    const second = await scene.app.accept();
    expect(await second.expect("second")).toBe(delivery("second"));
    second.send(answer("two"));
    await daprd.expect("two");
    expect(scene.harness.gate.failures).toEqual([]);
  });

  it("may cross a call, whose connection is closed then: nobody knows whether it was done", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("first"));
    const first = await scene.app.accept();
    await first.expect("first");
    first.send(answer("one"));
    await daprd.expect("one");
    daprd.send(call("second"));
    await first.expect("second");
    first.socket.destroy();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(scene.app.peers).toHaveLength(1);
    expect(scene.harness.gate.failures).toEqual([]);
  });

  it("may say something unasked before, which nobody takes for the next answer", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("first"));
    const first = await scene.app.accept();
    await first.expect("first");
    first.send(answer("one") + answer("smuggled"));
    expect(await daprd.expect("one")).toBe(answer("one"));
    daprd.send(call("second"));
    const second = await scene.app.accept();
    await second.expect("second");
    second.send(answer("two"));
    expect(await daprd.expect("two")).toBe(answer("two"));
  });
});

describe("an app that dies in the middle of an exchange", () => {
  it("costs a call its connection", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("work"));
    await (await scene.app.accept()).expect("work");
    await scene.app.die();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(scene.harness.gate.failures).toMatchObject([{ kind: "died" }]);
    expect(scene.harness.requests).toMatchObject([{ class: "call", outcome: "app-died" }]);
  });

  it("leaves a delivery unanswered as long as the gate is closed", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(delivery("work"));
    await (await scene.app.accept()).expect("work");
    await scene.app.die();
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
    expect(scene.harness.gate.failures).toMatchObject([{ kind: "died" }]);
    expect(total(scene.harness.ledger.inFlight)).toBe(0);
    expect(daprd.ended || daprd.closed).toBe(false);
    scene.harness.gate.hold();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(scene.harness.requests).toMatchObject([{ class: "delivery", outcome: "app-died" }]);
  });

  it("and was dead before a delivery crossed it: the delivery waits as well", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(delivery("first"));
    const first = await scene.app.accept();
    await first.expect("first");
    first.send(answer("one"));
    await daprd.expect("one");
    daprd.send(delivery("second"));
    await first.expect("second");
    await scene.app.die();
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
    expect(scene.harness.gate.failures).toMatchObject([{ kind: "refused" }]);
    daprd.socket.end();
    await scene.harness.until(() => scene.harness.requests.length === 2);
    expect(scene.harness.requests[1]).toMatchObject({ outcome: "parked-closed" });
  });

  it("cuts an answer off where it was cut", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(delivery("work"));
    const upstream = await scene.app.accept();
    await upstream.expect("work");
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    await daprd.expect("12345");
    await scene.app.die();
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(scene.harness.requests).toMatchObject([{ outcome: "app-died" }]);
  });
});
