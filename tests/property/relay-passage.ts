/** One connection of daprd through the relay, whatever sockets and gate do meanwhile. */
import { expect } from "vitest";
import { Ledger, total, TRAFFIC_CLASSES } from "../../services/core/ledger.ts";
import {
  type Address,
  type Socket,
  type SocketListener,
  type Sockets,
  writeAll,
} from "../../services/host/sockets/index.ts";
import type { Gate } from "../../services/sidecar/gate.ts";
import { createRelay } from "../../services/sidecar/relay.ts";
import type { RequestReport } from "../../services/sidecar/relay/contract.ts";
import { readOnce } from "../support/sockets.ts";
import type { Chance } from "./relay-memory-sockets.ts";
import type { GeneratedExchange } from "./relay-messages.ts";

export type Circumstances = {
  readonly chance: Chance;
  readonly sockets: Sockets;
  /** Where app and relay listen. */
  readonly app: Address;
  readonly relay: Address;
  /** daprd sends all requests at once. */
  readonly pipelined: boolean;
  /** The gate closes and opens at random. */
  readonly fickle: boolean;
  readonly redeliver: boolean;
};

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
  for (const { request, answer, early, last } of all) {
    const headEnd = end + request.head.length;
    end = headEnd + request.body.length;
    const answerAt = early ? headEnd : end;
    await readUntil(socket, seen, () => seen.text.length >= answerAt);
    await writeAll(socket, bytesOf(answer));
    if (last) socket.closeWrite();
    await readUntil(socket, seen, () => seen.text.length >= end);
  }
}

type Served = { readonly connections: Promise<void>[]; readonly sockets: Socket[] };

/** @returns the connections that are made from now on, each served to its end and left open */
function serveAll(listener: SocketListener, all: GeneratedExchange[], seen: { text: string }): Served {
  const served: Served = { connections: [], sockets: [] };
  void (async () => {
    for (let socket = await listener.accept(); socket; socket = await listener.accept()) {
      served.sockets.push(socket);
      served.connections.push(serve(socket, all, seen));
    }
  })();
  return served;
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

/** Fails unless every byte arrives, in its order, and nothing else; and unless the ledger is even in the end. */
export async function passThrough(all: GeneratedExchange[], circumstances: Circumstances): Promise<void> {
  const { chance, sockets, pipelined, fickle, redeliver } = circumstances;
  const ledger = new Ledger();
  const atApp = { text: "" };
  const atDaprd = { text: "" };
  const reports: RequestReport[] = [];
  const faults: unknown[] = [];
  const app = await sockets.listen(circumstances.app);
  const served = serveAll(app, all, atApp);
  const relay = createRelay({
    listen: circumstances.relay,
    app: { host: circumstances.app.host, port: app.port },
    protocol: "http1",
    gate: new FickleGate(chance, fickle),
    ledger,
    sockets,
    now: () => 0,
    redeliver: redeliver ? { limit: 3 } : null,
    onRequest: (report) => reports.push(report),
    onFault: (error) => faults.push(error),
  });
  const daprd = await sockets.connect(await relay.open());

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
  await Promise.all(served.connections);
  // It ends the connection itself where that was said.
  if (!all.at(-1)!.last) daprd.closeWrite();
  await readUntil(daprd, atDaprd, () => false);
  daprd.close();
  relay.close();
  app.close();
  for (const socket of served.sockets) socket.close();

  expect(faults).toEqual([]);
  expect(served.connections).toHaveLength(1);
  expect(difference(atApp.text, requests.join(""))).toBe(null);
  expect(difference(atDaprd.text, answers.join(""))).toBe(null);
  expect(reports.map(({ outcome }) => outcome)).toEqual(all.map(() => "finished"));
  expect(TRAFFIC_CLASSES.map((cls) => ledger.inFlight[cls] + ledger.parked[cls])).toEqual([0, 0, 0]);
  expect(total(ledger.finished)).toBe(all.length);
}
