/** The socket adapter of this runtime does what the interface says. */
import { once } from "node:events";
import net from "node:net";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeOf, type Socket, type SocketListener, type Sockets, writeAll } from "../../services/host/sockets/index.ts";
import { readOnce } from "../support/sockets.ts";

/** All adapters of this runtime, not just the one that it would choose. */
async function adapters(): Promise<Sockets[]> {
  if (!("Deno" in globalThis)) {
    const { nodeSockets, plainNodeSockets } = await import("../../services/host/sockets/node.ts");
    return [nodeSockets, plainNodeSockets];
  }
  const { denoSockets } = await import("../../services/host/sockets/deno.ts");
  const { epollSockets } = await import("../../services/host/sockets/epoll/index.ts");
  return [denoSockets, epollSockets(denoSockets)];
}

const all = await adapters();
let sockets: Sockets;
let listener: SocketListener;
let open: Socket[];

afterEach(() => {
  listener.close();
  for (const socket of open) socket.close();
});

async function pair(): Promise<[Socket, Socket]> {
  const [there, here] = await Promise.all([
    listener.accept(),
    sockets.connect({ host: "127.0.0.1", port: listener.port }),
  ]);
  open.push(there!, here);
  return [there!, here];
}

/** Takes a connection, which takes promises on both sides. */
async function accepted(): Promise<void> {
  const [there, here] = await pair();
  there.close();
  here.close();
}

async function readAll(socket: Socket): Promise<number> {
  const into = new Uint8Array(65_536);
  let size = 0;
  for (let count = await readOnce(socket, into); count !== null; count = await readOnce(socket, into)) size += count;
  return size;
}

const fails = (outcome: unknown) => Promise.resolve(outcome).then(() => "nothing", codeOf);

describe.each(all)("sockets ($kind %#)", (adapter) => {
  beforeEach(async () => {
    sockets = adapter;
    listener = await sockets.listen({ host: "127.0.0.1", port: 0 });
    open = [];
  });

  it("read into the buffer that is given, no more than it takes", async () => {
    const [there, here] = await pair();
    await writeAll(here, Uint8Array.of(1, 2, 3, 4, 5));
    const into = new Uint8Array(3);
    expect(await readOnce(there, into)).toBe(3);
    expect([...into]).toEqual([1, 2, 3]);
    expect(await readOnce(there, into)).toBe(2);
    expect([...into]).toEqual([4, 5, 3]);
  });

  it("report the end of what the peer sends, and go on the other way", async () => {
    const [there, here] = await pair();
    await writeAll(here, Uint8Array.of(1));
    here.closeWrite();
    expect(await readAll(there)).toBe(1);
    expect(await readOnce(there, new Uint8Array(1))).toBe(null);
    await writeAll(there, new Uint8Array(100_000));
    there.closeWrite();
    expect(await readAll(here)).toBe(100_000);
  });

  it("hold a writer back while nobody reads", async () => {
    const [there, here] = await pair();
    const size = 64 * 1024 * 1024;
    let written = false;
    const writing = writeAll(here, new Uint8Array(size)).then(() => {
      here.closeWrite();
      written = true;
    });
    await readOnce(there, new Uint8Array(1));
    // The kernel's buffers take some MiB; then the writer waits for the reader.
    expect(written).toBe(false);
    expect(await readAll(there)).toBe(size - 1);
    await writing;
  });

  it("end a read that waits when they are closed", async () => {
    const [there] = await pair();
    const reading = readOnce(there, new Uint8Array(1)).then((count) => count, () => null);
    there.close();
    there.close();
    there.closeWrite();
    expect(await reading).toBe(null);
    expect(await fails(readOnce(there, new Uint8Array(1)))).not.toBe("nothing");
    expect(await fails(there.write(new Uint8Array(1)))).not.toBe("nothing");
  });

  it("say that nobody listens", async () => {
    const { port } = listener;
    listener.close();
    expect(await fails(sockets.connect({ host: "127.0.0.1", port }))).toBe("ECONNREFUSED");
  });

  it("say that a port is taken", async () => {
    await expect(sockets.listen({ host: "127.0.0.1", port: listener.port })).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${listener.port}: EADDRINUSE`,
    );
  });

  it("say that the peer has reset the connection, or takes nothing any more", async () => {
    const [there, here] = await pair();
    await writeAll(here, new Uint8Array(10));
    there.close(); // With ten bytes unread.
    const codes = [await fails(readOnce(here, new Uint8Array(1))), await fails(writeAll(here, new Uint8Array(1)))];
    expect(codes.join()).toMatch(/ECONNRESET|EPIPE/);
  });

  it("give out what the peer said before it closed, also when a write to it has failed", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const [here, [peer]] = await Promise.all([
      sockets.connect({ host: "127.0.0.1", port: (server.address() as net.AddressInfo).port }),
      once(server, "connection") as Promise<[net.Socket]>,
    ]);
    open.push(here);
    await new Promise((resolve) => peer.write("bye", resolve));
    peer.resetAndDestroy();
    const failures: string[] = [];
    while (failures.length < 2) {
      const failure = await fails(writeAll(here, new Uint8Array(1)));
      if (failure !== "nothing") failures.push(failure);
    }
    expect(failures.join()).toMatch(/ECONNRESET|EPIPE/);
    const into = new Uint8Array(10);
    expect(await readOnce(here, into)).toBe(3);
    expect(String.fromCharCode(...into.subarray(0, 3))).toBe("bye");
    server.close();
  });

  it("leave timers and promises their turn while bytes never stop", async () => {
    const [there, here] = await pair();
    const ball = Uint8Array.of(1);
    // Larger than the ball, so that a read is known to have taken all there was.
    const room = new Uint8Array(16);
    const MOST_PASSES = 500_000;
    let passes = 0;
    let playing = true;
    // Each reader sends on what it got, and says that it leaves nothing to a promise.
    const play = (socket: Socket): void =>
      socket.read(() => room, () => {
        playing &&= ++passes < MOST_PASSES;
        play(socket);
        const sent = !playing || socket.write(ball);
        if (sent instanceof Promise) sent.catch(() => {});
        return true;
      }, () => {});
    play(there);
    play(here);
    await writeAll(here, ball);
    await new Promise((resolve) => setTimeout(resolve, 1));
    const before = passes;
    await Promise.all([accepted(), new Promise((resolve) => setTimeout(resolve, 1))]);
    expect(passes, "the bytes stopped by themselves").toBeGreaterThan(before);
    expect(passes, "nothing else had its turn").toBeLessThan(MOST_PASSES);
    playing = false;
  });

  it("accept what waited, and nothing after closing", async () => {
    const here = await sockets.connect({ host: "127.0.0.1", port: listener.port });
    const there = await listener.accept();
    open.push(here, there!);
    const accepting = listener.accept();
    listener.close();
    listener.close();
    expect(await accepting).toBe(null);
    expect(await listener.accept()).toBe(null);
  });
});

it("are read without a buffer made for each read", async () => {
  sockets = all[0]!;
  listener = await sockets.listen({ host: "127.0.0.1", port: 0 });
  open = [];
  const READS = 100;
  const bytes = new Uint8Array(8 * 1024);
  const into = new Uint8Array(bytes.length);
  const [there, here] = await pair();
  for (const [writer, reader] of [[here, there], [there, here]] as const) {
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < READS; i++) {
      const [count] = await Promise.all([readOnce(reader, into), writeAll(writer, bytes)]);
      expect(count).toBe(bytes.length);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(READS * bytes.length / 2);
  }
});
