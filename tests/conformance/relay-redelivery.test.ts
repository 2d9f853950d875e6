/** Deliveries sent again after the app died. */
import { describe, expect, it } from "vitest";
import type { CutReport } from "../../services/sidecar/relay/contract.ts";
import { answer, call, delivery, Harness, Peer, stage } from "./relay-harness.ts";

const scene = stage();

describe("redelivery", () => {
  it("sends a delivery again, whole, when the gate opens, and passes no answer that was cut off", async () => {
    const again = await Harness.start(scene.app.port, { redeliver: { limit: 3 } });
    const message = delivery("x".repeat(300_000));
    const daprd = await Peer.connect(again.port);
    daprd.send(message.slice(0, 150_000));
    const first = await scene.app.accept();
    await first.until(() => first.received.length === 150_000);
    first.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    first.socket.end();
    await again.until(() => again.ledger.parked.delivery === 1);
    daprd.send(message.slice(150_000));
    again.gate.hold();
    const second = await scene.app.accept();
    await second.until(() => second.received.length >= message.length);
    expect(second.text === message).toBe(true);
    second.send(answer("done"));
    expect(await daprd.expect("done")).toBe(answer("done"));
    again.relay.close();
  });

  it("ends after the last attempt, so that Dapr's own policy decides", async () => {
    const cuts: CutReport[] = [];
    let redelivered = 0;
    const again = await Harness.start(scene.app.port, {
      redeliver: { limit: 3 },
      onCut: (cut) => cuts.push(cut),
      onRedeliver: () => redelivered++,
    });
    const daprd = await Peer.connect(again.port);
    daprd.send(delivery("poison"));
    for (let attempt = 1; attempt <= 3; attempt++) {
      const upstream = await scene.app.accept();
      await upstream.expect("poison");
      upstream.socket.destroy();
      await again.until(() => again.gate.failures.length === attempt);
      await again.until(() => again.ledger.parked.delivery === 1);
      again.gate.hold();
    }
    await daprd.end();
    expect(daprd.text).toBe("");
    expect(scene.app.peers).toHaveLength(3);
    expect(cuts).toEqual(["again", "alone", "give-up"].map((fate, i) => ({ path: "/orders", cut: i + 1, fate })));
    expect(redelivered).toBe(2);
    again.relay.close();
  });

  it("makes the last attempt alone, so that who kills the app takes nobody along", async () => {
    const again = await Harness.start(scene.app.port, { redeliver: { limit: 2 } });
    const [poison, innocent] = [await Peer.connect(again.port), await Peer.connect(again.port)];
    poison.send(delivery("poison"));
    const first = await scene.app.accept();
    await first.expect("poison");
    innocent.send(delivery("innocent"));
    const second = await scene.app.accept();
    await second.expect("innocent");
    first.socket.destroy();
    await again.until(() => again.ledger.parked.delivery === 1);
    second.socket.destroy();
    await again.until(() => again.ledger.parked.delivery === 2);
    const late = await Peer.connect(again.port);
    late.send(delivery("late"));
    await again.until(() => again.ledger.parked.delivery === 3);
    again.gate.hold();
    const alone = await scene.app.accept();
    await alone.expect("poison");
    const meanwhile = await Peer.connect(again.port);
    meanwhile.send(call("meanwhile"));
    const called = await scene.app.accept();
    await called.expect("meanwhile");
    expect(again.ledger.inFlight).toMatchObject({ delivery: 1, call: 1 });
    called.send(answer("called"));
    await meanwhile.expect("called");
    alone.socket.destroy();
    await again.until(() => again.gate.failures.length === 3);
    again.gate.hold();
    await poison.end();
    const next = await scene.app.accept();
    await next.expect("innocent");
    expect(again.ledger.parked.delivery).toBe(1);
    next.send(answer("done"));
    await innocent.expect("done");
    const last = await scene.app.accept();
    await last.expect("late");
    last.send(answer("done"));
    await late.expect("done");
    expect(again.requests.map(({ outcome }) => outcome)).toEqual(["finished", "app-died", "finished", "finished"]);
    again.relay.close();
  });

  it("lets the next one have its turn when daprd gives up the one that waits alone", async () => {
    const again = await Harness.start(scene.app.port, { redeliver: { limit: 2 } });
    const daprd = await Peer.connect(again.port);
    daprd.send(delivery("given up"));
    const upstream = await scene.app.accept();
    await upstream.expect("given up");
    upstream.socket.destroy();
    await again.until(() => again.ledger.parked.delivery === 1);
    daprd.socket.destroy();
    await again.until(() => again.ledger.parked.delivery === 0);
    again.gate.hold();
    const other = await Peer.connect(again.port);
    other.send(delivery("other"));
    const next = await scene.app.accept();
    await next.expect("other");
    next.send(answer("done"));
    await other.expect("done");
    again.relay.close();
  });

  it("counts no attempt that did not reach the app", async () => {
    const again = await Harness.start(scene.app.port, { redeliver: { limit: 3 } });
    const { port } = scene.app;
    const daprd = await Peer.connect(again.port);
    daprd.send(delivery("used"));
    const used = await scene.app.accept();
    await used.expect("used");
    used.send(answer("done"));
    await daprd.expect("done");
    daprd.send(delivery("waits"));
    await used.expect("waits");
    await scene.app.die();
    for (let refused = 1; refused <= 5; refused++) {
      await again.until(() => again.gate.failures.length === refused);
      await again.until(() => again.ledger.parked.delivery === 1);
      if (refused < 5) again.gate.hold();
    }
    await scene.app.listen(port);
    again.gate.hold();
    const back = await scene.app.accept();
    await back.expect("waits");
    back.send(answer("done"));
    await daprd.expect("done");
    again.relay.close();
  });

  it("keeps what is too large to be held parked, also when the gate opens", async () => {
    const fates: string[] = [];
    const again = await Harness.start(scene.app.port, {
      redeliver: { limit: 3 },
      onCut: ({ fate }) => fates.push(fate),
      hold: { perRequestBytes: 50_000, totalBytes: 1_000_000 },
    });
    const message = delivery("x".repeat(300_000));
    const daprd = await Peer.connect(again.port);
    daprd.send(message);
    const upstream = await scene.app.accept();
    await upstream.until(() => upstream.received.length === message.length);
    upstream.socket.destroy();
    await again.until(() => again.ledger.parked.delivery === 1);
    again.gate.hold();
    const other = await Peer.connect(again.port);
    other.send(call("meanwhile"));
    const next = await scene.app.accept();
    await next.expect("meanwhile");
    expect(again.ledger.parked.delivery).toBe(1);
    expect(fates).toEqual(["stay"]);
    daprd.socket.end();
    await again.until(() => again.ledger.parked.delivery === 0);
    again.relay.close();
  });
});
