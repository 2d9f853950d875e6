/** Many connections, large bodies, slow peers. */
import { describe, expect, it } from "vitest";
import type { Sockets } from "../../services/host/sockets/index.ts";
import { answer, call, delivery, Harness, Peer, stage } from "./relay-harness.ts";
import { wrappedSockets } from "./wrapped-sockets.ts";

const MIB = 1024 * 1024;

/** How many bytes the relay has read and not yet written, at most, over all connections. */
class Inside {
  now = 0;
  most = 0;

  count(bytes: number): void {
    this.now += bytes;
    this.most = Math.max(this.most, this.now);
  }

  sockets(): Promise<Sockets> {
    return wrappedSockets((socket) => ({
      read: (room, came, failed) => {
        const counting = (count: number | null) => {
          if (count !== null) this.count(count);
          came(count);
        };
        socket.read(room, counting, failed);
      },
      write: async (bytes, start, end) => {
        const count = await socket.write(bytes, start, end);
        this.count(-count);
        return count;
      },
      closeWrite: () => socket.closeWrite(),
      close: () => socket.close(),
    }));
  }
}

/** Takes what comes at a crawl: one chunk of the kernel, then a turn of the event loop. */
function crawl(peer: Peer, bytes: number): Promise<void> {
  const { socket } = peer;
  let left = bytes;
  socket.removeAllListeners("data");
  return new Promise((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left <= 0) return resolve();
      socket.pause();
      setImmediate(() => socket.resume());
    });
  });
}

const scene = stage();

describe("a body of 16 MB", () => {
  const size = 16 * MIB;
  const body = Buffer.alloc(size, "0123456789abcdefghijklmnopqrstuvwxyz-");

  it.each([
    ["call", 256 * 1024, call],
    ["delivery, which is kept as far as it may be,", 256 * 1024, delivery],
  ])("of a %s stays in the kernel's buffers while the app reads slowly", async (_, bound, make) => {
    const inside = new Inside();
    const harness = await Harness.start(scene.app.port, { sockets: await inside.sockets() });
    const daprd = await Peer.connect(harness.port);
    const head = make("").replace("Content-Length: 0", `Content-Length: ${size}`);
    daprd.send(head);
    const upstream = await scene.app.accept();
    await upstream.expect("\r\n\r\n");
    const arrived = crawl(upstream, size);
    daprd.send(body);
    await arrived;
    upstream.send(answer("done"));
    await daprd.expect("done");
    expect(inside.most).toBeLessThanOrEqual(bound);
    expect(inside.now).toBe(0);
    harness.relay.close();
  });

  it("of an answer stays in the kernel's buffers while daprd reads slowly", async () => {
    const inside = new Inside();
    const harness = await Harness.start(scene.app.port, { sockets: await inside.sockets(), redeliver: { limit: 3 } });
    const daprd = await Peer.connect(harness.port);
    daprd.send(delivery("question"));
    const upstream = await scene.app.accept();
    await upstream.expect("question");
    const arrived = crawl(daprd, size);
    upstream.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    upstream.send(body);
    await arrived;
    expect(inside.most).toBeLessThanOrEqual(256 * 1024);
    await harness.until(() => harness.requests.length === 1);
    harness.relay.close();
  });
});

describe("a thousand connections", () => {
  it("are served, parked, and noticed to go", async () => {
    const count = 1000;
    const { harness, app } = scene;
    const all = await Promise.all(Array.from({ length: count }, () => Peer.connect(harness.port)));
    await harness.until(() => harness.relay.connections === count);

    harness.gate.hold("delivery");
    for (const [i, daprd] of all.entries()) daprd.send(delivery(`message ${i};`));
    await harness.until(() => harness.ledger.parked.delivery === count);
    expect(app.peers).toHaveLength(0);

    const gone = 200;
    for (const daprd of all.slice(0, gone)) daprd.socket.end();
    await harness.until(() => harness.ledger.parked.delivery === count - gone);

    harness.gate.hold();
    await app.until(() => app.peers.length === count - gone);
    await Promise.all(app.peers.map(async (upstream) => {
      await upstream.until(() => upstream.text.endsWith(";"));
      upstream.send(answer(`to ${/message \d+/.exec(upstream.text)![0]}`));
    }));
    await Promise.all(all.slice(gone).map((daprd, i) => daprd.expect(`to message ${i + gone}`)));
    await harness.until(() => harness.requests.length === count);
    for (const daprd of all) daprd.socket.end();
    await harness.until(() => harness.relay.connections === 0);
  });

  it("do not wait for one that is stalled", async () => {
    const { harness, app } = scene;
    const stalled = await Peer.connect(harness.port);
    stalled.send("POST /stalled HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
    await (await app.accept()).expect("half");
    const others = await Promise.all(Array.from({ length: 20 }, () => Peer.connect(harness.port)));
    for (const daprd of others) daprd.send(call("quick"));
    for (const daprd of others) {
      const upstream = await app.accept();
      await upstream.expect("quick");
      upstream.send(answer("quick too"));
      void daprd;
    }
    await Promise.all(others.map((daprd) => daprd.expect("quick too")));
    expect(harness.ledger.inFlight.call + harness.ledger.inFlight.delivery).toBe(1);
  });
});
