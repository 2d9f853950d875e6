/** Connections that are not looked into: app channels of another protocol, and upgrades. */
import { describe, expect, it } from "vitest";
import { answer, Peer, stage } from "./relay-harness.ts";

describe("an opaque relay", () => {
  const scene = stage({ protocol: "opaque" });

  it("passes bytes both ways, each way to its own end", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    const upstream = await scene.app.accept();
    await upstream.expect("SM\r\n\r\n");
    expect(scene.harness.ledger.inFlight.opaque).toBe(1);
    const before = scene.harness.relay.lastOpaqueByteAt!;
    upstream.send("\0\x01settings");
    await daprd.expect("settings");
    expect(scene.harness.relay.lastOpaqueByteAt).toBeGreaterThanOrEqual(before);
    daprd.socket.end("last");
    await upstream.end();
    expect(upstream.text).toBe("last");
    expect(scene.harness.relay.connections).toBe(0);
    upstream.socket.end("words");
    await daprd.end();
    expect(daprd.text).toBe("words");
    await scene.harness.until(() => scene.harness.requests.length === 1);
    expect(scene.harness.requests).toMatchObject([{ class: "opaque", rule: "opaque", outcome: "finished" }]);
    expect(scene.harness.ledger.inFlight.opaque).toBe(0);
  });

  it("lets new connections wait, and old ones flow", async () => {
    const old = await Peer.connect(scene.harness.port);
    old.send("old");
    const upstream = await scene.app.accept();
    await upstream.expect("old");
    scene.harness.gate.hold("opaque");
    const fresh = await Peer.connect(scene.harness.port);
    fresh.send("preface");
    await scene.harness.until(() => scene.harness.ledger.parked.opaque === 1);
    old.send("still");
    await upstream.expect("still");
    fresh.send(" and more");
    scene.harness.gate.hold();
    const second = await scene.app.accept();
    await second.expect("preface and more");
  });

  it("notices that a connection that waits is given up, behind bytes that it sent", async () => {
    scene.harness.gate.hold("opaque");
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("x".repeat(50_000));
    await scene.harness.until(() => scene.harness.ledger.parked.opaque === 1);
    daprd.send("y");
    daprd.socket.end();
    await scene.harness.until(() => scene.harness.relay.connections === 0);
    expect(scene.app.peers).toHaveLength(0);
  });

  it("holds a connection that the app refuses", async () => {
    const { port } = scene.app;
    await scene.app.die();
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("hello");
    await scene.harness.until(() => scene.harness.ledger.parked.opaque === 1);
    await scene.app.listen(port);
    scene.harness.gate.hold();
    await (await scene.app.accept()).expect("hello");
  });

  it("passes a reset on", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("hello");
    const upstream = await scene.app.accept();
    await upstream.expect("hello");
    upstream.socket.resetAndDestroy();
    await daprd.end();
    await scene.harness.until(() => scene.harness.ledger.inFlight.opaque === 0);
  });
});

describe("an upgrade", () => {
  const scene = stage();
  const asked = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n";
  const granted = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

  it("makes the connection opaque, with what came right behind it", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(`${asked}too early`);
    const upstream = await scene.app.accept();
    expect(await upstream.expect("\r\n\r\n")).toBe(asked);
    upstream.send(`${granted}welcome\r\n\r\n`);
    expect(await daprd.expect("welcome\r\n\r\n")).toBe(`${granted}welcome\r\n\r\n`);
    await upstream.expect("too early");
    expect(scene.harness.ledger.inFlight).toMatchObject({ call: 0, opaque: 1 });
    daprd.send("\0not http");
    await upstream.expect("\0not http");
    upstream.socket.end();
    await daprd.end();
    daprd.socket.end();
    await scene.harness.until(() => scene.harness.ledger.inFlight.opaque === 0);
    expect(scene.harness.ledger.finished).toMatchObject({ call: 1, opaque: 1 });
  });

  it("that is not granted is an exchange like any other", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(asked);
    const upstream = await scene.app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send(answer("no", "426 Upgrade Required"));
    await daprd.expect("no");
    daprd.send(asked);
    await upstream.expect("\r\n\r\n");
  });
});
