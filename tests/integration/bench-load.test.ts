/** The programs that the bench measures with: what they count must be right before what they measure can be. */
import { mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { start } from "../../scripts/lib/bench/relay/children.ts";
import { writeDelivery } from "../../scripts/lib/bench/relay/delivery.ts";
import { openLoop, RATE } from "../../scripts/lib/bench/relay/load.ts";
import { ensureLoad } from "../../scripts/lib/bench/relay/tools.ts";

const ONE_SECOND = { leadSeconds: 0.1, seconds: 1 };

let folder: string;
let load: Awaited<ReturnType<typeof ensureLoad>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "daps-bench-load-"));
  load = await ensureLoad();
}, 120_000);

afterAll(async () => await rm(folder, { recursive: true }));

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("the open loop and the app", () => {
  it.each(
    [
      ["http", 1024],
      ["http", 65_536],
      ["h2c", 1024],
    ] as const,
  )("get an answer to each of %s's requests of %d bytes, and tell the app's CPU time", async (protocol, bytes) => {
    const port = await freePort();
    await using app = await start({ program: load.backend, args: [String(port)] }, port);
    const delivery = await writeDelivery(folder, bytes);
    const { requests, cpuUs, p50Us, p999Us } = await openLoop(
      load.paced,
      protocol,
      port,
      ONE_SECOND,
      delivery,
      app.pid,
    );
    expect(requests).toBe(RATE);
    expect(cpuUs).toBeGreaterThan(0);
    expect(p50Us).toBeLessThanOrEqual(p999Us);
  });

  it("count what had to wait while the server stalled, not only what was in its hands", async () => {
    const STALL_MS = 300;
    let asked = 0;
    const server = createServer((request, response) => {
      request.resume();
      request.on("end", () => response.end("{}"));
      // Blocks the event loop: from then on nobody gets an answer.
      if (++asked === RATE / 2) { for (const until = performance.now() + STALL_MS; performance.now() < until;); }
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const delivery = await writeDelivery(folder, 1024);
    const { requests, p90Us } = await openLoop(load.paced, "http", port, ONE_SECOND, delivery);
    server.closeAllConnections();
    server.close();
    expect(requests).toBe(RATE);
    // 150 of the 500 requests were due in the stall, and only 16 fit on the connections.
    expect(p90Us).toBeGreaterThan(100_000);
  });

  it("say so when an answer is not the one that was asked for", async () => {
    const server = createServer((request, response) => {
      request.resume();
      request.on("end", () => response.writeHead(503).end());
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const delivery = await writeDelivery(folder, 1024);
    await expect(openLoop(load.paced, "http", port, ONE_SECOND, delivery)).rejects.toThrow("500 requests failed");
    server.closeAllConnections();
    server.close();
  });
});
