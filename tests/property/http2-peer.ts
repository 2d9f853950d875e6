/**
 * Either end of an HTTP/2 connection, for tests: it keeps to flow control itself, watches that the other side does, and
 * grants windows in small pieces.
 */
import type { Socket } from "../../services/host/sockets/index.ts";
import {
  FLAG,
  Frame,
  frame,
  headersFrames,
  PREFACE,
  rstStream,
  settings,
  SETTINGS_ACK,
  TYPE,
  windowUpdate,
} from "../../services/sidecar/http2/frames.ts";
import { Decoder } from "../../services/sidecar/http2/hpack/decoder.ts";
import type { HeaderField } from "../../services/sidecar/http2/hpack/static-table.ts";
import { Outlet } from "../../services/sidecar/http2/outlet.ts";
import { Buffers } from "../../services/sidecar/relay/buffers.ts";
import { Inlet } from "../../services/sidecar/relay/inlet.ts";
import type { Chance } from "./relay-memory-sockets.ts";
import { TableEncoder } from "./http2-table-encoder.ts";

/** What came of a stream. */
export type Received = { fields: HeaderField[]; body: Buffer; trailers: HeaderField[]; ended: boolean };

type Flow = { toSend: number; toGet: number };

const INITIAL = 65_535;

export class Http2Peer {
  readonly received: Map<number, Received> = new Map();
  /** What the other side did wrong. */
  readonly problems: string[] = [];
  closed = false;
  goneAway = false;
  /** Called when a stream's first head has come, and when its end has. */
  onHead: (id: number, received: Received) => void = () => {};
  onEnd: (id: number, received: Received) => void = () => {};
  readonly run: Promise<void>;
  #outlet: Outlet;
  #inlet: Inlet;
  #chance: Chance;
  #encoder: TableEncoder;
  #decoder = new Decoder();
  #connection: Flow = { toSend: INITIAL, toGet: INITIAL };
  #flows = new Map<number, Flow>();
  #initialToSend = INITIAL;
  #highest = 0;
  #wake: (() => void)[] = [];
  #socket: Socket;
  #client: boolean;

  constructor(socket: Socket, chance: Chance, client: boolean) {
    this.#socket = socket;
    this.#chance = chance;
    this.#client = client;
    this.#outlet = new Outlet(socket);
    this.#inlet = new Inlet(socket, new Buffers());
    this.#encoder = new TableEncoder(chance);
    if (client) void this.#outlet.write(PREFACE);
    void this.#outlet.write(settings(new Map()));
    this.run = this.#read();
  }

  /** Sends a whole message, as flow control allows; with trailers if there are any. */
  async send(id: number, fields: readonly HeaderField[], body: Uint8Array, trailers: readonly HeaderField[]) {
    const last = body.length === 0 && trailers.length === 0;
    this.#flow(id);
    await this.#outlet.write(headersFrames(id, this.#encoder.encode(fields), last));
    for (let at = 0; at < body.length;) {
      const flow = this.#flow(id);
      const most = Math.min(flow.toSend, this.#connection.toSend, 16_384, body.length - at);
      if (most <= 0) {
        if (this.closed) return;
        await new Promise<void>((resolve) => this.#wake.push(resolve));
        continue;
      }
      const part = body.subarray(at, at + Math.max(1, Math.min(most, this.#chance.cut(most))));
      at += part.length;
      flow.toSend -= part.length;
      this.#connection.toSend -= part.length;
      const end = at === body.length && trailers.length === 0;
      await this.#outlet.write(frame(TYPE.DATA, end ? FLAG.END_STREAM : 0, id, part));
    }
    if (trailers.length > 0) await this.#outlet.write(headersFrames(id, this.#encoder.encode(trailers), true));
  }

  reset(id: number): void {
    void this.#outlet.write(rstStream(id, 8));
  }

  end(): void {
    void this.#outlet.end();
  }

  async #read(): Promise<void> {
    const inlet = this.#inlet;
    const read = new Frame();
    try {
      if (!this.#client) {
        while (inlet.end - inlet.at < PREFACE.length) if (!await inlet.fill()) return;
        inlet.at += PREFACE.length;
      }
      do {
        for (; read.read(inlet.bytes, inlet.at, inlet.end, 16_384); inlet.at = read.next) this.#take(read);
      } while (await inlet.fill());
    } catch (error) {
      this.problems.push(String(error));
    } finally {
      this.closed = true;
      this.#socket.close();
      this.#resume();
    }
  }

  #take(read: Frame): void {
    const { type, id } = read;
    if (type === TYPE.DATA) this.#data(read);
    else if (type === TYPE.HEADERS) this.#headers(read);
    else if (type === TYPE.RST_STREAM) this.received.get(id)!.ended = true;
    else if (type === TYPE.SETTINGS && !read.has(FLAG.ACK)) void this.#outlet.write(SETTINGS_ACK);
    else if (type === TYPE.PING && !read.has(FLAG.ACK)) {
      void this.#outlet.write(frame(TYPE.PING, FLAG.ACK, 0, read.payload.slice()));
    } else if (type === TYPE.GOAWAY) this.goneAway = true;
    else if (type === TYPE.WINDOW_UPDATE) {
      (id === 0 ? this.#connection : this.#flow(id)).toSend += read.uint32();
      this.#resume();
    }
  }

  #headers(read: Frame): void {
    const { id } = read;
    const fields = this.#decoder.decode(read.bytes, read.start, read.end);
    let received = this.received.get(id);
    if (received) {
      received.trailers = fields;
    } else {
      if (!this.#client && id <= this.#highest) this.problems.push(`stream ${id} after ${this.#highest}`);
      this.#highest = id;
      received = { fields, body: Buffer.alloc(0), trailers: [], ended: false };
      this.received.set(id, received);
      this.onHead(id, received);
    }
    if (read.has(FLAG.END_STREAM)) this.#ended(id, received);
  }

  #data(read: Frame): void {
    const { id, length } = read;
    const received = this.received.get(id);
    if (!received) return void this.problems.push(`DATA on stream ${id}, which is not open`);
    received.body = Buffer.concat([received.body, read.payload]);
    const flow = this.#flow(id);
    flow.toGet -= length;
    this.#connection.toGet -= length;
    if (flow.toGet < 0 || this.#connection.toGet < 0) this.problems.push(`stream ${id} went over a window`);
    const end = read.has(FLAG.END_STREAM);
    this.#grant(0, this.#connection);
    if (end) this.#ended(id, received);
    else this.#grant(id, flow);
  }

  /** As real peers do: late, and not for each frame, but always when half of the window is used up. */
  #grant(id: number, flow: Flow): void {
    if (flow.toGet > INITIAL / 2 && this.#chance.next(4) > 0) return;
    let turns = this.#chance.next(40);
    const later = () => {
      if (turns-- > 0) return void setImmediate(later);
      const missing = INITIAL - flow.toGet;
      if (missing === 0 || (id !== 0 && this.received.get(id)!.ended)) return;
      flow.toGet += missing;
      void this.#outlet.write(windowUpdate(id, missing));
    };
    later();
  }

  #ended(id: number, received: Received): void {
    received.ended = true;
    this.onEnd(id, received);
  }

  #flow(id: number): Flow {
    let flow = this.#flows.get(id);
    if (!flow) this.#flows.set(id, flow = { toSend: this.#initialToSend, toGet: INITIAL });
    return flow;
  }

  #resume(): void {
    for (const resolve of this.#wake.splice(0)) resolve();
  }
}
