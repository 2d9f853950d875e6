/** Over HTTP/2 not a byte changes while nothing is kept back, but that DAPS greets daprd; and not a message whatever is. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Ledger, TRAFFIC_CLASSES } from "../../services/core/ledger.ts";
import { type Socket, writeAll } from "../../services/host/sockets/index.ts";
import type { Gate } from "../../services/sidecar/gate.ts";
import {
  FLAG,
  frame,
  headersFrames,
  PREFACE,
  SETTING,
  settings,
  TYPE,
  windowUpdate,
} from "../../services/sidecar/http2/frames.ts";
import type { HeaderField } from "../../services/sidecar/http2/hpack/static-table.ts";
import { createRelay } from "../../services/sidecar/relay.ts";
import type { RelayOptions, RequestReport } from "../../services/sidecar/relay/contract.ts";
import { Http2Peer } from "./http2-peer.ts";
import { TableEncoder } from "./http2-table-encoder.ts";
import { Chance, MemorySockets } from "./relay-memory-sockets.ts";
import { readOnce } from "../support/sockets.ts";

const APP = { host: "127.0.0.1", port: 1 };
const RELAY = { host: "127.0.0.1", port: 2 };
/** What each side says first, the client after its preface. */
const INTRODUCTION = settings(new Map([[SETTING.HEADER_TABLE_SIZE, 4096]]));

/** What daprd gets of what the app says: DAPS greets it, and takes its limit back once the app has named none. */
function greeted(down: Uint8Array): Buffer {
  const [first, later] = [100, 2 ** 32 - 1].map((streams) => settings(new Map([[SETTING.MAX_STREAMS, streams]])));
  return Buffer.concat([first!, INTRODUCTION, later!, down.subarray(INTRODUCTION.length)]);
}

const value = fc.string({ unit: "binary-ascii", maxLength: 40 });
const fields: fc.Arbitrary<HeaderField[]> = fc.array(
  fc.record({ name: fc.constantFrom("x-a", "x-b", "traceparent"), value }),
  { maxLength: 4 },
);
const body = fc.oneof(fc.nat({ max: 50 }), fc.constantFrom(30_000, 65_535, 65_536, 120_000)).map((size) =>
  Buffer.alloc(size, "0123456789")
);
const exchange = fc.record({
  delivery: fc.boolean(),
  fields,
  body,
  trailers: fields,
  answer: fc.record({ fields, body, trailers: fields }),
});
type Exchange = typeof exchange extends fc.Arbitrary<infer T> ? T : never;

function head({ delivery, fields }: Exchange, index: number): HeaderField[] {
  const path = `/dapr.proto.runtime.v1.AppCallback/${delivery ? "OnTopicEvent" : "OnInvoke"}`;
  return [
    { name: ":method", value: "POST" },
    { name: ":path", value: path },
    { name: "content-type", value: "application/grpc" },
    { name: "x-index", value: `${index}` },
    ...fields,
  ];
}

const answerHead = ({ answer }: Exchange): HeaderField[] => [{ name: ":status", value: "200" }, ...answer.fields];

class OpenGate implements Gate {
  mayPass(): boolean {
    return true;
  }
  onChange(): () => void {
    return () => {};
  }
  appFailed({ detail }: { detail: string }): void {
    throw new Error(`Cannot fail: the app of this test never does: ${detail}`);
  }
}

/** Closes and opens at random; fair, so that nothing waits for ever. */
class FickleGate extends OpenGate {
  #listeners = new Set<() => void>();
  #chance: Chance;

  constructor(chance: Chance) {
    super();
    this.#chance = chance;
  }

  override mayPass(): boolean {
    if (this.#chance.next(2) === 0) return true;
    setImmediate(() => {
      for (const listener of this.#listeners) listener();
    });
    return false;
  }

  override onChange(listener?: () => void): () => void {
    if (listener) this.#listeners.add(listener);
    return () => {};
  }
}

/** @param requests how many there will be: the relay may report the last one just after daprd has its answer */
async function start(sockets: MemorySockets, gate: Gate, requests: number, options: Partial<RelayOptions> = {}) {
  const ledger = new Ledger();
  const faults: unknown[] = [];
  const reports: RequestReport[] = [];
  const { promise: reported, resolve } = Promise.withResolvers<void>();
  const relay = createRelay({
    listen: RELAY,
    app: APP,
    protocol: "http2",
    gate,
    ledger,
    sockets,
    now: () => 0,
    onRequest(report) {
      if (reports.push(report) === requests) resolve();
    },
    onFault: (error) => faults.push(error),
    ...options,
  });
  await relay.open();
  return { ledger, faults, reports, reported, relay };
}

async function readUntil(socket: Socket, seen: Buffer[], size: number): Promise<void> {
  const into = new Uint8Array(1000);
  for (let got = seen.reduce((sum, part) => sum + part.length, 0); got < size;) {
    const count = await readOnce(socket, into);
    if (count === null) return;
    seen.push(Buffer.from(into.subarray(0, count)));
    got += count;
  }
}

/** Both directions, frame by frame, some of them padded, with others that a proxy might trip over between them. */
function script(all: Exchange[], chance: Chance): { up: Uint8Array; down: Uint8Array } {
  const data = (id: number, bytes: Uint8Array, end: boolean) => {
    const parts: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < bytes.length; at += 5000) {
      const part = bytes.subarray(at, at + 5000);
      const last = end && at + 5000 >= bytes.length ? FLAG.END_STREAM : 0;
      const padding = chance.next(20);
      if (padding > 10) {
        const padded = Buffer.concat([Uint8Array.of(padding), part, Buffer.alloc(padding)]);
        parts.push(frame(TYPE.DATA, last | FLAG.PADDED, id, padded));
      } else parts.push(frame(TYPE.DATA, last, id, part));
    }
    return parts;
  };
  const noise = (id: number) =>
    [
      frame(TYPE.PRIORITY, 0, id, Uint8Array.of(0, 0, 0, 3, 1)),
      frame(0xfa, 0xff, id, Buffer.from("what a peer does not know")),
      windowUpdate(id, 1 + chance.next(1000)),
      windowUpdate(0, 1 + chance.next(1000)),
      frame(TYPE.PING, 0, 0, Buffer.alloc(8, chance.next(256))),
      settings(new Map([[4, 65_535 + chance.next(1000)], [99, 1]])),
    ].filter(() => chance.next(4) === 0);
  const side = (client: boolean) => {
    const encoder = new TableEncoder(chance);
    const streams = all.map((exchange, i) => {
      const id = 2 * i + 1;
      const said = client ? exchange : exchange.answer;
      const first = client ? head(exchange, i) : answerHead(exchange);
      const trailers = said.trailers.length > 0;
      return [
        () => [headersFrames(id, encoder.encode(first), false), ...noise(id)],
        () => data(id, said.body, !trailers),
        () => trailers ? [headersFrames(id, encoder.encode(said.trailers), true)] : [],
      ];
    });
    const frames: Uint8Array[] = [...(client ? [PREFACE] : []), INTRODUCTION];
    // Opened in order, then interleaved.
    for (const parts of streams) frames.push(...parts.shift()!());
    for (let left = streams.filter((parts) => parts.length > 0); left.length > 0;) {
      frames.push(...left[chance.next(left.length)]!.shift()!());
      left = left.filter((parts) => parts.length > 0);
    }
    return Buffer.concat(frames);
  };
  return { up: side(true), down: side(false) };
}

it("passes any frames byte for byte while nothing is kept back, but for its own settings", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(exchange, { minLength: 1, maxLength: 4 }),
      fc.integer(),
      fc.boolean(),
      async (all, seed, redeliver) => {
        const chance = new Chance(seed);
        const sockets = new MemorySockets(chance);
        const { up, down } = script(all, chance);
        const expected = greeted(down);
        const atApp: Buffer[] = [];
        const atDaprd: Buffer[] = [];
        const serving: Promise<void>[] = [];
        sockets.serve(APP.port, (socket) => {
          serving.push(readUntil(socket, atApp, up.length).then(() => writeAll(socket, down)));
        });
        const { ledger, faults, reports, reported, relay } = await start(sockets, new OpenGate(), all.length, {
          redeliver: redeliver ? { limit: 3 } : null,
        });
        const daprd = await sockets.connect(RELAY);
        await Promise.all([writeAll(daprd, up), readUntil(daprd, atDaprd, expected.length)]);
        await Promise.all([...serving, reported]);
        expect(Buffer.concat(atApp).equals(up)).toBe(true);
        expect(Buffer.concat(atDaprd).equals(expected)).toBe(true);
        expect(faults).toEqual([]);
        expect(reports.map(({ outcome }) => outcome)).toEqual(all.map(() => "finished"));
        expect(TRAFFIC_CLASSES.map((cls) => ledger.inFlight[cls] + ledger.parked[cls])).toEqual([0, 0, 0]);
        relay.close();
      },
    ),
    { numRuns: 100 },
  );
});

it("carries every message whole, once, within every window, whatever the gate does", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(exchange, { minLength: 1, maxLength: 8 }),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(undefined, { perRequestBytes: 20_000, totalBytes: 50_000 }),
      async (all, seed, redeliver, hold) => {
        const chance = new Chance(seed);
        const sockets = new MemorySockets(chance);
        const apps: Http2Peer[] = [];
        const arrived = new Map<number, { fields: HeaderField[]; body: string; trailers: HeaderField[] }>();
        const problems: string[] = [];
        sockets.serve(APP.port, (socket) => {
          const app = new Http2Peer(socket, chance, false);
          apps.push(app);
          app.onEnd = (id, { fields, body, trailers }) => {
            const index = Number(fields.find(({ name }) => name === "x-index")!.value);
            if (arrived.has(index)) problems.push(`${index} came twice`);
            arrived.set(index, { fields, body: body.toString(), trailers });
            const said = all[index]!;
            void app.send(id, answerHead(said), said.answer.body, said.answer.trailers);
          };
        });
        const { ledger, faults, reports, reported, relay } = await start(sockets, new FickleGate(chance), all.length, {
          redeliver: redeliver ? { limit: 3 } : null,
          ...(hold ? { hold } : {}),
        });
        const daprd = new Http2Peer(await sockets.connect(RELAY), chance, true);
        const { promise: done, resolve } = Promise.withResolvers<void>();
        let ended = 0;
        daprd.onEnd = () => {
          if (++ended === all.length) resolve();
        };
        void daprd.run.then(resolve);
        const sending = all.map((exchange, i) =>
          daprd.send(2 * i + 1, head(exchange, i), exchange.body, exchange.trailers)
        );
        await done;
        await Promise.all([...sending, reported]);
        expect([...problems, ...daprd.problems, ...apps.flatMap((app) => app.problems)]).toEqual([]);
        for (const [i, said] of all.entries()) {
          expect(arrived.get(i)).toEqual({
            fields: head(said, i),
            body: said.body.toString(),
            trailers: said.trailers,
          });
          const { fields, body, trailers } = daprd.received.get(2 * i + 1)!;
          expect({ fields, body: body.toString(), trailers }).toEqual({
            fields: answerHead(said),
            body: said.answer.body.toString(),
            trailers: said.answer.trailers,
          });
        }
        expect(faults).toEqual([]);
        expect(reports.map(({ outcome }) => outcome)).toEqual(all.map(() => "finished"));
        expect(TRAFFIC_CLASSES.map((cls) => ledger.inFlight[cls] + ledger.parked[cls])).toEqual([0, 0, 0]);
        relay.close();
      },
    ),
    { numRuns: 100 },
  );
});
