/** The relay's port and the count of daprd's connections. */
import { describe, expect, it } from "vitest";
import { codeOf, systemSockets } from "../../services/host/sockets/index.ts";
import { createRelay } from "../../services/sidecar/relay.ts";
import { answer, call, Harness, Peer, stage } from "./relay-harness.ts";

const scene = stage();

describe("the port", () => {
  it("is closed before the relay is opened, and opened once", async () => {
    const { gate, ledger, relay } = scene.harness;
    const free = await Harness.start(scene.app.port);
    const { port } = free;
    free.relay.close();
    const sockets = await systemSockets();
    const listen = { host: "127.0.0.1", port };
    const other = createRelay({
      listen,
      app: { host: "127.0.0.1", port: scene.app.port },
      protocol: "http1",
      gate,
      ledger,
      sockets,
      now: () => 0,
    });
    expect(other.isOpen).toBe(false);
    // The runtime may take a moment to give the port up.
    await expect.poll(() => sockets.connect(listen).then((socket) => socket.close(), codeOf)).toBe("ECONNREFUSED");
    expect(await Promise.all([other.open(), other.open()])).toEqual([listen, listen]);
    expect(other.isOpen).toBe(true);
    (await sockets.connect(listen)).close();
    other.close();
    expect(other.isOpen).toBe(false);
    expect(relay.isOpen).toBe(true);
  });

  it("can be opened later if it is taken now", async () => {
    const { gate, ledger, relay, port } = scene.harness;
    const listen = { host: "127.0.0.1", port };
    const other = createRelay({
      listen,
      app: { host: "127.0.0.1", port: scene.app.port },
      protocol: "http1",
      gate,
      ledger,
      sockets: await systemSockets(),
      now: () => 0,
    });
    await expect(other.open()).rejects.toThrow("EADDRINUSE");
    expect(other.isOpen).toBe(false);
    relay.close();
    await expect.poll(() => other.open().catch(codeOf)).toEqual(listen);
    other.close();
  });
});

describe("connections", () => {
  it("are counted from the accept to daprd's end of them, whatever the app still does", async () => {
    const { harness, app } = scene;
    const [idle, busy] = await Promise.all([Peer.connect(harness.port), Peer.connect(harness.port)]);
    await harness.until(() => harness.relay.connections === 2);
    busy.send(call("work"));
    const upstream = await app.accept();
    await upstream.expect("work");
    busy.socket.end();
    await harness.until(() => harness.relay.connections === 1);
    expect(harness.ledger.inFlight.call).toBe(1);
    idle.socket.resetAndDestroy();
    await harness.until(() => harness.relay.connections === 0);
    upstream.send(answer("done"));
    await busy.expect("done");
  });

  it("are closed with the relay, the parked ones too", async () => {
    const { harness, app } = scene;
    const [parked, busy] = await Promise.all([Peer.connect(harness.port), Peer.connect(harness.port)]);
    busy.send(call("work"));
    const upstream = await app.accept();
    await upstream.expect("work");
    harness.gate.hold("call", "delivery");
    parked.send(call("later"));
    await harness.until(() => harness.ledger.parked.call === 1);
    harness.relay.close();
    await Promise.all([parked.end(), busy.end(), upstream.end()]);
    await harness.until(() => harness.relay.connections === 0);
    expect(harness.ledger.inFlight.call + harness.ledger.parked.call).toBe(0);
    expect(harness.gate.failures).toEqual([]);
  });
});
