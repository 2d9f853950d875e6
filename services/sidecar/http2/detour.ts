/**
 * A connection of DAPS's own to the app, for streams of one connection of daprd that were kept back or have to be sent
 * again. Streams have other ids here, in the order in which they are let go. See `connection.ts` for why.
 * @module
 */
import type { Socket } from "../../host/sockets/index.ts";
import type { Buffers } from "../relay/buffers.ts";
import { Inlet } from "../relay/inlet.ts";
import {
  DEFAULT_MAX_FRAME,
  DEFAULT_WINDOW,
  FLAG,
  Frame,
  frame,
  headersFrames,
  PREFACE,
  rstStream,
  SETTING,
  settings,
  SETTINGS_ACK,
  TYPE,
  windowUpdate,
} from "./frames.ts";
import { Decoder } from "./hpack/decoder.ts";
import { encodeFields } from "./hpack/encoder.ts";
import type { HeaderField } from "./hpack/static-table.ts";
import { CODE, Http2Error } from "./http2-error.ts";
import { Outlet } from "./outlet.ts";
import { Signal } from "./signal.ts";
import type { Stream } from "./stream.ts";

/** What the app says over a detour; the owner passes it on. */
export interface DetourOwner {
  /** daprd's settings that the app has to keep to, and the largest frame that daprd takes, in bytes. */
  readonly settings: ReadonlyMap<number, number>;
  readonly maxFrame: number;
  onHeaders(stream: Stream, fields: readonly HeaderField[], endStream: boolean): void;
  /** Resolves when daprd has it. */
  onData(stream: Stream, payload: Uint8Array, endStream: boolean): Promise<void>;
  onReset(stream: Stream, code: number): void;
  /** The app's window for the stream may have grown. */
  onWindow(stream: Stream): void;
  /** The app says that it has not looked at the stream. */
  onUnprocessed(stream: Stream): void;
  /** Unpaid bytes of a held stream are gone. */
  onUnpaid(bytes: number): void;
}

export class Detour {
  /** The initial window of its streams, in bytes. */
  initialWindow: number = DEFAULT_WINDOW;
  /** The app takes no new streams. */
  leaving = false;
  readonly streams: Map<number, Stream> = new Map();
  readonly changed: Signal = new Signal();
  #socket: Socket;
  #inlet: Inlet;
  #outlet: Outlet;
  #owner: DetourOwner;
  #decoder = new Decoder();
  #frame = new Frame();
  #ready = false;
  #ended = false;
  #nextId = 1;
  #window: number = DEFAULT_WINDOW;
  #maxStreams = Infinity;
  #emptied = false;

  constructor(socket: Socket, buffers: Buffers, owner: DetourOwner) {
    this.#socket = socket;
    this.#inlet = new Inlet(socket, buffers);
    this.#outlet = new Outlet(socket);
    this.#owner = owner;
    void this.#outlet.write(PREFACE);
    void this.#outlet.write(settings(owner.settings));
  }

  /** Whether a stream can be opened: `wait` until `changed` for the app's settings, or for another one to end. */
  get state(): "open" | "wait" | "closed" {
    if (this.#ended || this.leaving) return "closed";
    return this.#ready && this.streams.size < this.#maxStreams ? "open" : "wait";
  }

  /** Begins the stream, from the beginning of what is held of it. */
  open(stream: Stream): void {
    const held = stream.held!;
    stream.place = "detour";
    stream.detour = this;
    stream.upId = this.#nextId;
    stream.sent = stream.grantedByApp = 0;
    this.#nextId += 2;
    this.streams.set(stream.upId, stream);
    held.rewind();
    stream.endSent = held.complete && held.taken && held.trailers === null;
    this.#headers(stream.upId, held.fields, stream.endSent);
    if (stream.credit > 0) this.credit(stream, stream.credit);
    this.#owner.onWindow(stream);
    this.pump(stream);
  }

  /** Sends what is held of the stream, as far as flow control allows. */
  pump(stream: Stream): void {
    const held = stream.held!;
    while (!held.taken) {
      const most = Math.min(DEFAULT_MAX_FRAME, this.#window, this.initialWindow + stream.grantedByApp - stream.sent);
      if (most <= 0) return;
      const bytes = held.peek(most);
      stream.sent += bytes.length;
      this.#window -= bytes.length;
      const unpaid = held.advance(bytes.length);
      stream.endSent = held.complete && held.taken && held.trailers === null;
      void this.#outlet.write(frame(TYPE.DATA, stream.endSent ? FLAG.END_STREAM : 0, stream.upId, bytes));
      if (unpaid > 0) this.#owner.onUnpaid(unpaid);
    }
    if (!held.complete || stream.endSent) return;
    stream.endSent = true;
    if (held.trailers) this.#headers(stream.upId, held.trailers, true);
    else void this.#outlet.write(frame(TYPE.DATA, FLAG.END_STREAM, stream.upId, new Uint8Array(0)));
  }

  /** daprd takes so much more of the stream's answer. */
  credit(stream: Stream, bytes: number): void {
    void this.#outlet.write(windowUpdate(stream.upId, bytes));
  }

  reset(stream: Stream, code: number): void {
    void this.#outlet.write(rstStream(stream.upId, code));
  }

  /** The stream is over, or goes elsewhere. */
  forget(stream: Stream): void {
    if (!this.streams.delete(stream.upId)) return;
    this.changed.fire();
    if (this.leaving && this.streams.size === 0) void this.#outlet.close();
  }

  /** daprd has changed its settings. */
  settingsChanged(): void {
    void this.#outlet.write(settings(this.#owner.settings));
  }

  close(): void {
    this.#socket.close();
  }

  /** Reads until the end. @returns what was wrong; null if the app just ended it */
  async run(): Promise<unknown> {
    const inlet = this.#inlet;
    try {
      do {
        while (this.#frame.read(inlet.bytes, inlet.at, inlet.end, this.#owner.maxFrame)) {
          await this.#take();
          inlet.at = this.#frame.next;
        }
      } while (await inlet.fill());
      return inlet.failure;
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      return error;
    } finally {
      this.#ended = true;
      this.changed.fire();
      this.#socket.close();
    }
  }

  #headers(id: number, fields: readonly HeaderField[], endStream: boolean): void {
    void this.#outlet.write(headersFrames(id, encodeFields(fields, !this.#emptied), endStream));
    this.#emptied = true;
  }

  async #take(): Promise<void> {
    const { type, id } = this.#frame;
    const read = this.#frame;
    const stream = this.streams.get(id);
    if (!this.#ready && type !== TYPE.SETTINGS) {
      throw new Http2Error(CODE.PROTOCOL_ERROR, "Cannot talk to an app that does not begin with its settings");
    }
    if (type === TYPE.DATA) return await this.#data(stream);
    if (type === TYPE.HEADERS) {
      const fields = this.#decoder.decode(read.bytes, read.start, read.end);
      if (stream) this.#owner.onHeaders(stream, fields, read.has(FLAG.END_STREAM));
    } else if (type === TYPE.RST_STREAM && stream) this.#owner.onReset(stream, read.uint32());
    else if (type === TYPE.SETTINGS) this.#settings();
    else if (type === TYPE.PING && !read.has(FLAG.ACK)) {
      void this.#outlet.write(frame(TYPE.PING, FLAG.ACK, 0, read.payload));
    } else if (type === TYPE.GOAWAY) this.#goAway(read.uint32() & 0x7fffffff);
    else if (type === TYPE.WINDOW_UPDATE) this.#grow(stream, read.uint32() & 0x7fffffff);
    else if (type === TYPE.PUSH_PROMISE) {
      throw new Http2Error(CODE.PROTOCOL_ERROR, "Cannot take a push: it was not allowed");
    }
  }

  async #data(stream: Stream | undefined): Promise<void> {
    const { id, length, payload } = this.#frame;
    const end = this.#frame.has(FLAG.END_STREAM);
    if (stream && (payload.length > 0 || end)) await this.#owner.onData(stream, payload, end);
    if (length === 0) return;
    void this.#outlet.write(windowUpdate(0, length));
    if (length > payload.length && this.streams.has(id)) {
      void this.#outlet.write(windowUpdate(id, length - payload.length));
    }
  }

  #grow(stream: Stream | undefined, bytes: number): void {
    if (this.#frame.id === 0) {
      this.#window += bytes;
      for (const each of this.streams.values()) this.pump(each);
    } else if (stream) {
      stream.grantedByApp += bytes;
      this.#owner.onWindow(stream);
      this.pump(stream);
    }
  }

  #settings(): void {
    if (this.#frame.has(FLAG.ACK)) return;
    this.#frame.eachSetting((id, value) => {
      if (id === SETTING.INITIAL_WINDOW) this.initialWindow = value;
      else if (id === SETTING.MAX_STREAMS) this.#maxStreams = value;
    });
    void this.#outlet.write(SETTINGS_ACK);
    this.#ready = true;
    this.changed.fire();
    for (const stream of this.streams.values()) {
      this.#owner.onWindow(stream);
      this.pump(stream);
    }
  }

  #goAway(lastId: number): void {
    this.leaving = true;
    for (const stream of [...this.streams.values()]) {
      if (stream.upId > lastId) this.#owner.onUnprocessed(stream);
    }
    this.changed.fire();
    if (this.streams.size === 0) void this.#outlet.close();
  }
}
