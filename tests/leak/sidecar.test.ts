/**
 * The sidecar does not grow over millions of requests, thousands of connections and dozens of crashes of the app.
 * By name only: `./scripts/test leak`, in a network namespace of its own, as the sidecar's ports are fixed.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeBundle } from "../../scripts/lib/build/bundle.ts";
import type { Runtime } from "../../scripts/lib/test/runtimes.ts";
import { RELAY_PORT } from "../../services/core/ports.ts";
import { systemSockets } from "../../services/host/sockets/index.ts";
import { portAccepts } from "../../services/sidecar/probes/ready.ts";
import { CrashingApp } from "./app.ts";
import { connect, Load } from "./load.ts";
import { DELIVERY } from "./messages.ts";
import { type Holding, Sidecar } from "./sidecar.ts";
import { trendOf } from "./trend.ts";

const REQUESTS = Number(process.env["DAPS_LEAK_REQUESTS"] ?? 5_000_000);
const ONLY = process.env["DAPS_LEAK_RUNTIME"];
const RUNTIMES = (["Deno", "Node"] satisfies Runtime[]).filter((runtime) => ONLY === undefined || runtime === ONLY);
const CONNECTIONS = 16;
/** In each the app crashes once, in its middle, and the sidecar's memory is looked at once, when nothing is in flight. */
const ROUNDS = 60;
const PER_ROUND = Math.ceil(REQUESTS / ROUNDS);
/** A third of them warm up. */
const WARM_UP = ROUNDS / 3;
/** Deliveries that come while the app is down, beside those of the load; daprd gives up every other one. */
const PARKED = 200;
/** What may be gained all the same, in MiB, and how many times the noise: a byte a request would be 3 MiB. */
const ALLOWED_MIB = 2;
const ALLOWED_NOISE = 4;
/** Each connection may just have lost its one to the app; a descriptor more with each crash would be 40. */
const ALLOWED_DESCRIPTORS = CONNECTIONS;

let bundle: string;

beforeAll(async () => {
  bundle = await mkdtemp(join(tmpdir(), "daps-leak-"));
  await writeBundle(bundle);
});

afterAll(() => rm(bundle, { recursive: true }));

async function crash(app: CrashingApp, sidecar: Sidecar): Promise<void> {
  await app.crash();
  const waiting = Array.from({ length: PARKED }, () => connect());
  for (const socket of waiting) socket.write(DELIVERY);
  await sidecar.reaches(({ parked }) => parked >= PARKED);
  const patient = waiting.filter((socket, i) => i % 2 || !socket.resetAndDestroy());
  await sidecar.reaches(({ parked }) => parked < PARKED);
  const answered = patient.map((socket) =>
    new Promise((resolve, reject) => {
      socket.once("data", resolve);
      socket.once("close", () => reject(new Error("Cannot get an answer as the connection was closed")));
    })
  );
  await app.start();
  await Promise.all(answered);
  for (const socket of patient) socket.end();
}

it.each(RUNTIMES)(`does not grow over ${REQUESTS} requests on %s`, async (runtime) => {
  const app = new CrashingApp();
  await app.start();
  const sidecar = new Sidecar(runtime, bundle, app.port);
  const load = new Load(CONNECTIONS);
  const holdings: Holding[] = [];
  try {
    const sockets = await systemSockets();
    await expect.poll(() => portAccepts({ host: "127.0.0.1", port: RELAY_PORT }, sockets), { timeout: 10_000 }).toBe(
      true,
    );
    const started = performance.now();
    for (let round = 0; round < ROUNDS; round++) {
      const running = load.run(PER_ROUND);
      await load.until(() => load.answered >= PER_ROUND * (round + 0.5));
      await crash(app, sidecar);
      await running;
      await sidecar.reaches(({ parked, inFlight }) => parked + inFlight.delivery + inFlight.call === 0);
      const holding = await sidecar.settled();
      holdings.push(holding);
      if (round % 5 === 4) process.stdout.write(progress(runtime, load, holding, performance.now() - started));
    }
  } finally {
    load.close();
    await sidecar.end();
    await app.crash();
  }
  const later = holdings.slice(WARM_UP);
  for (const kind of ["heapMib", "rssMib", "dirtyMib"] as const) {
    const { growth, noise } = trendOf(later.map((holding) => holding[kind]));
    process.stdout.write(`${runtime}: ${kind} grew by ${growth.toFixed(2)} MiB, noise ${noise.toFixed(2)} MiB\n`);
    expect(growth).toBeLessThan(ALLOWED_MIB + ALLOWED_NOISE * noise);
  }
  const descriptors = later.map((holding) => holding.descriptors);
  expect(Math.max(...descriptors) - Math.min(...descriptors)).toBeLessThanOrEqual(ALLOWED_DESCRIPTORS);
  expect(load.lost).toBe(0);
  expect(load.answered).toBe(ROUNDS * PER_ROUND);
});

function progress(
  runtime: Runtime,
  load: Load,
  { heapMib, rssMib, dirtyMib, descriptors }: Holding,
  ms: number,
): string {
  return `${runtime}: ${load.answered} requests in ${(ms / 1000).toFixed(0)}s, ${load.cutOff} calls cut off, ` +
    `heap ${heapMib.toFixed(1)} MiB, rss ${rssMib.toFixed(1)} MiB, private dirty ${
      dirtyMib.toFixed(1)
    } MiB, ${descriptors} descriptors\n`;
}
