/** What the relay holds, and when it notices that daprd has given it up. */
import { describe, expect, it } from "vitest";
import { answer, call, delivery, Harness, Peer, stage } from "./relay-harness.ts";

const scene = stage();

describe("a request that may not pass", () => {
  it("waits unanswered, and is not seen by the app before the gate opens", async () => {
    scene.harness.gate.hold("delivery");
    const [held, passing] = await Promise.all([Peer.connect(scene.harness.port), Peer.connect(scene.harness.port)]);
    held.send(delivery("held"));
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
    passing.send(call("passing"));
    const upstream = await scene.app.accept();
    await upstream.expect("passing");
    expect(scene.app.peers).toHaveLength(1);
    expect(scene.harness.ledger.inFlight).toMatchObject({ delivery: 0, call: 1 });
    expect(scene.harness.parks).toMatchObject([{ class: "delivery", path: "/orders", why: "gate" }]);

    scene.harness.gate.hold();
    const second = await scene.app.accept();
    expect(await second.expect("held")).toBe(delivery("held"));
    expect(scene.harness.ledger.parked.delivery).toBe(0);
    expect(scene.harness.ledger.inFlight.delivery).toBe(1);
    second.send(answer("done"));
    await held.expect("done");
  });

  it("waits at the message boundary: what came before it is answered", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("first"));
    const upstream = await scene.app.accept();
    await upstream.expect("first");
    scene.harness.gate.hold("delivery");
    daprd.send(delivery("second"));
    upstream.send(answer("to first"));
    await daprd.expect("to first");
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
    scene.harness.gate.hold();
    expect(await upstream.expect("second")).toBe(delivery("second"));
  });

  it.each([0, 100, 1_000_000])("is noticed to be given up behind a body of %i bytes", async (size) => {
    scene.harness.gate.hold("delivery");
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(delivery("x".repeat(size)));
    await scene.harness.until(() => scene.harness.ledger.parked.delivery === 1);
    daprd.socket.end();
    await scene.harness.until(() => scene.harness.relay.connections === 0);
    await scene.harness.until(() => scene.harness.requests.length === 1);
    expect(scene.harness.requests).toMatchObject([{ outcome: "parked-closed" }]);
    expect(scene.harness.ledger.parked.delivery).toBe(0);
    expect(scene.app.peers).toHaveLength(0);
  });

  it("is not noticed to be given up behind more than may be held, before what is parked is abandoned", async () => {
    const bounded = await Harness.start(scene.app.port, { hold: { perRequestBytes: 100_000, totalBytes: 1_000_000 } });
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
    scene.harness.gate.hold("delivery", "call");
    const body = "0123456789".repeat(50_000);
    const daprd = await Peer.connect(scene.harness.port);
    const whole = call(body);
    daprd.send(whole.slice(0, 200_000));
    await scene.harness.until(() => scene.harness.ledger.parked.call === 1);
    daprd.send(whole.slice(200_000));
    scene.harness.gate.hold();
    const upstream = await scene.app.accept();
    await upstream.until(() => upstream.received.length >= whole.length);
    expect(upstream.text === whole).toBe(true);
    upstream.send(answer("done"));
    await daprd.expect("done");
  });
});
