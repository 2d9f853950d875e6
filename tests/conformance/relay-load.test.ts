/** Many connections, large bodies, slow peers. */
import { describe, expect, it } from "vitest";
import { type Sockets, systemSockets } from "../../services/host/sockets/index.ts";
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

  async sockets(): Promise<Sockets> {
    return wrappedSockets(await systemSockets(), (socket) => ({
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
    const arrived = upstream.crawl(size);
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
    const arrived = daprd.crawl(size);
    upstream.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    upstream.send(body);
    await arrived;
    expect(inside.most).toBeLessThanOrEqual(256 * 1024);
    await harness.until(() => harness.requests.length === 1);
    harness.relay.close();
  });
});

describe("two thousand connections", () => {
  it("are open at once, half of them parked, and all are served when the gate opens", async () => {
    const count = 1000;
    const { harness, app } = scene;
    const connect = () => Promise.all(Array.from({ length: count }, () => Peer.connect(harness.port)));
    const deliveries = await connect();
    harness.gate.hold("delivery");
    for (const [i, daprd] of deliveries.entries()) daprd.send(delivery(`message ${i};`));
    await harness.until(() => harness.ledger.parked.delivery === count);
    expect(app.peers).toHaveLength(0);

    const calls = await connect();
    for (const [i, daprd] of calls.entries()) daprd.send(call(`call ${i};`));
    await app.until(() => app.peers.length === count);
    await harness.until(() => harness.ledger.inFlight.call === count);
    expect(harness.relay.connections).toBe(2 * count);
    expect(harness.ledger.parked.delivery).toBe(count);
    const served = app.peers.splice(0);
    await Promise.all(served.map(answerByName));
    await Promise.all(calls.map((daprd, i) => daprd.expect(`to call ${i};`)));

    const gone = 200;
    for (const daprd of deliveries.slice(0, gone)) daprd.socket.end();
    await harness.until(() => harness.ledger.parked.delivery === count - gone);

    harness.gate.hold();
    await app.until(() => app.peers.length === count - gone);
    await Promise.all(app.peers.map(answerByName));
    await Promise.all(deliveries.slice(gone).map((daprd, i) => daprd.expect(`to message ${i + gone};`)));
    await harness.until(() => harness.requests.length === 2 * count);
    expect(harness.ledger.finished).toMatchObject({ delivery: count - gone, call: count });
    for (const daprd of [...deliveries, ...calls]) daprd.socket.end();
    await harness.until(() => harness.relay.connections === 0);
    app.peers.push(...served);
  });

  async function answerByName(upstream: Peer): Promise<void> {
    await upstream.until(() => upstream.text.endsWith(";"));
    upstream.send(answer(`to ${/(?:message|call) \d+;/.exec(upstream.text)![0]}`));
  }
});

describe("others do not wait for", () => {
  const size = 32 * MIB;
  const large = call("").replace("Content-Length: 0", `Content-Length: ${size}`);
  const answerHead = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`;

  it.each<[string, (daprd: Peer) => Promise<unknown>]>([
    ["a daprd that sends half a request", async (daprd) => {
      daprd.send(call("half").slice(0, -2));
      await (await scene.app.accept()).expect("ha");
    }],
    ["a daprd that does not read its answer", async (daprd) => {
      daprd.socket.pause();
      daprd.send(call("question"));
      const upstream = await scene.app.accept();
      await upstream.expect("question");
      upstream.send(answerHead);
      upstream.flood(size);
    }],
    ["an app that does not read its request", async (daprd) => {
      daprd.send(large);
      const upstream = await scene.app.accept();
      await upstream.expect("\r\n\r\n");
      upstream.socket.pause();
      daprd.flood(size);
    }],
    ["an app that does not answer", async (daprd) => {
      daprd.send(call("question"));
      await (await scene.app.accept()).expect("question");
    }],
    ["an app that stops in its answer", async (daprd) => {
      daprd.send(call("question"));
      const upstream = await scene.app.accept();
      await upstream.expect("question");
      upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      await daprd.expect("half");
    }],
  ])("%s", async (_, stall) => {
    const { harness, app } = scene;
    await stall(await Peer.connect(harness.port));
    const others = await Promise.all(Array.from({ length: 20 }, () => Peer.connect(harness.port)));
    for (const round of ["first", "second"]) {
      for (const daprd of others) daprd.send(call(round));
      for (let i = 0; i < others.length; i++) {
        const upstream = round === "first" ? await app.accept() : app.peers[i + 1]!;
        await upstream.expect(round);
        upstream.send(answer(`to ${round}`));
      }
      await Promise.all(others.map((daprd) => daprd.expect(`to ${round}`)));
    }
    expect(harness.ledger.inFlight).toEqual({ delivery: 0, call: 1, opaque: 0 });
  });
});
