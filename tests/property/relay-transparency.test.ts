/** Not a byte changes, however the bytes come and whatever the gate does meanwhile. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Ledger, total, TRAFFIC_CLASSES } from "../../services/core/ledger.ts";
import { type Socket, writeAll } from "../../services/host/sockets/index.ts";
import type { Gate } from "../../services/sidecar/gate.ts";
import { createRelay, type RequestReport } from "../../services/sidecar/relay.ts";
import { Chance, MemorySockets } from "./relay-memory-sockets.ts";
import { exchanges, type GeneratedExchange } from "./relay-messages.ts";
import { readOnce } from "../support/sockets.ts";

const APP = { host: "127.0.0.1", port: 1 };
const RELAY = { host: "127.0.0.1", port: 2 };

const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Where two texts begin to differ; null if they don't. */
function difference(actual: string, expected: string): { at: number; actual: string; expected: string } | null {
  if (actual === expected) return null;
  let at = 0;
  while (at < actual.length && actual[at] === expected[at]) at++;
  return { at, actual: actual.slice(at, at + 80), expected: expected.slice(at, at + 80) };
}

/** Reads until `enough` of what came, or the end. */
async function readUntil(socket: Socket, seen: { text: string }, enough: () => boolean): Promise<void> {
  const into = new Uint8Array(1000);
  while (!enough()) {
    const count = await readOnce(socket, into);
    if (count === null) return;
    seen.text += String.fromCharCode(...into.subarray(0, count));
  }
}

/** An app that knows what will come, and answers each request at its end or at its head's. */
async function serve(socket: Socket, all: GeneratedExchange[], seen: { text: string }): Promise<void> {
  let end = 0;
  for (const { request, answer, early } of all) {
    const headEnd = end + request.head.length;
    end = headEnd + request.body.length;
    const answerAt = early ? headEnd : end;
    await readUntil(socket, seen, () => seen.text.length >= answerAt);
    await writeAll(socket, bytesOf(answer));
    await readUntil(socket, seen, () => seen.text.length >= end);
  }
}

/** Closes and opens at random; fair, so that nothing waits for ever. */
class FickleGate implements Gate {
  #listeners = new Set<() => void>();
  #chance: Chance;
  #fickle: boolean;

  constructor(chance: Chance, fickle: boolean) {
    this.#chance = chance;
    this.#fickle = fickle;
  }

  mayPass(): boolean {
    if (!this.#fickle || this.#chance.next(2) === 0) return true;
    setImmediate(() => {
      for (const listener of this.#listeners) listener();
    });
    return false;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  appFailed(): void {
    throw new Error("Cannot fail: the app of this test never does");
  }
}

async function run(all: GeneratedExchange[], seed: number, pipelined: boolean, fickle: boolean, redeliver: boolean) {
  const chance = new Chance(seed);
  const sockets = new MemorySockets(chance);
  const ledger = new Ledger();
  const atApp = { text: "" };
  const atDaprd = { text: "" };
  const reports: RequestReport[] = [];
  const faults: unknown[] = [];
  const appConnections: Promise<void>[] = [];
  sockets.serve(APP.port, (socket) => appConnections.push(serve(socket, all, atApp)));
  const relay = createRelay({
    listen: RELAY,
    app: APP,
    protocol: "http1",
    gate: new FickleGate(chance, fickle),
    ledger,
    sockets,
    now: () => 0,
    redeliver: redeliver ? { limit: 3 } : null,
    onRequest: (report) => reports.push(report),
    onFault: (error) => faults.push(error),
  });
  await relay.open();
  const daprd = await sockets.connect(RELAY);

  const answers = all.map(({ answer }) => answer);
  const requests = all.map(({ request }) => request.head + request.body);
  if (pipelined) {
    const sending = writeAll(daprd, bytesOf(requests.join("")));
    await readUntil(daprd, atDaprd, () => atDaprd.text.length >= answers.join("").length);
    await sending;
  } else {
    for (const [i, request] of requests.entries()) {
      const sending = writeAll(daprd, bytesOf(request));
      const size = answers.slice(0, i + 1).join("").length;
      await readUntil(daprd, atDaprd, () => atDaprd.text.length >= size);
      await sending;
    }
  }
  await Promise.all(appConnections);
  daprd.closeWrite();
  await readUntil(daprd, atDaprd, () => false);
  relay.close();

  expect(faults).toEqual([]);
  expect(appConnections).toHaveLength(1);
  expect(difference(atApp.text, requests.join(""))).toBe(null);
  expect(difference(atDaprd.text, answers.join(""))).toBe(null);
  expect(reports.map(({ outcome }) => outcome)).toEqual(all.map(() => "finished"));
  expect(TRAFFIC_CLASSES.map((cls) => ledger.inFlight[cls] + ledger.parked[cls])).toEqual([0, 0, 0]);
  expect(total(ledger.finished)).toBe(all.length);
}

it("passes any valid exchange byte for byte, whatever the segments, stalls and gate", async () => {
  await fc.assert(
    fc.asyncProperty(exchanges, fc.integer(), fc.boolean(), fc.boolean(), fc.boolean(), run),
    // A run that hangs is reported with its seed, not by the time-out of the whole.
    { numRuns: 200, plugins: [fc.timeout(10_000)] },
  );
});
