/**
 * Reads what daprd sends, frame by frame, and passes on to the direct line what belongs there: runs of frames as they
 * lie in the buffer.
 * @module
 */
import type { Inlet } from "../relay/inlet.ts";
import {
  DEFAULT_MAX_FRAME,
  DEFAULT_WINDOW,
  FLAG,
  Frame,
  frame,
  SETTING,
  SETTINGS_ACK,
  TYPE,
  windowUpdate,
} from "./frames.ts";
import { HeldStream } from "./held-stream.ts";
import { Decoder } from "./hpack/decoder.ts";
import type { HeaderField } from "./hpack/static-table.ts";
import { answerHealth, answersHealth } from "./health.ts";
import { CODE, Http2Error } from "./http2-error.ts";
import type { Keeper } from "./keeper.ts";
import type { Session } from "./session.ts";
import { Stream } from "./stream.ts";

export class FromDaprd {
  /** Reads daprd's header blocks. */
  readonly decoder: Decoder = new Decoder();
  /** The highest stream that daprd has opened. */
  lastId = 0;
  #session: Session;
  #keeper: Keeper;
  #inlet: Inlet;
  #frame = new Frame();
  /** Where the run begins that goes on as it came, and where the frame being looked at begins. */
  #runAt = 0;
  #at = 0;
  /** Every frame of this read went on as it came. */
  #plain = true;

  constructor(session: Session, keeper: Keeper, inlet: Inlet) {
    this.#session = session;
    this.#keeper = keeper;
    this.#inlet = inlet;
  }

  /** Reads until daprd ends the connection. @throws {Http2Error} */
  async run(): Promise<void> {
    await this.#inlet.each(this.#take);
  }

  /** Deals with what has come: see `Inlet.each`. */
  #take = (): Promise<unknown> | boolean => {
    const session = this.#session;
    // Whoever waits for these goes on by a promise.
    const awaited = session.daprd.windowGrew.awaited || session.unpaidShrank.awaited;
    this.#plain = true;
    const written = this.#takeAll();
    session.daprd.flushCredit();
    if (this.#unaffordable) return this.#afford(written);
    return written ?? (this.#plain && !awaited);
  };

  /** daprd's window ends the flow before that, unless an app has granted a very large one. */
  get #unaffordable(): boolean {
    const { unpaid, daprdGone, context } = this.#session;
    return unpaid > Math.max(context.budget.perRequestBytes, DEFAULT_WINDOW) && !daprdGone;
  }

  async #afford(written: Promise<void> | undefined): Promise<void> {
    await written;
    while (this.#unaffordable) await this.#session.unpaidShrank.wait();
  }

  /** @returns when the kernel has what goes on, unless it has at once: until then the bytes lie in the buffer */
  #takeAll(): Promise<void> | undefined {
    const inlet = this.#inlet;
    const read = this.#frame;
    let written: Promise<void> | undefined;
    this.#runAt = this.#at = inlet.at;
    while (read.read(inlet.bytes, this.#at, inlet.end, this.#session.maxFrameFromDaprd)) {
      const next = read.next;
      if (!this.#passes()) {
        this.#plain = false;
        written = this.#flush() ?? written;
        this.#runAt = next;
      }
      this.#at = next;
    }
    written = this.#flush() ?? written;
    inlet.at = this.#at;
    return written;
  }

  /** Sends the run up to the frame being looked at. */
  #flush(): Promise<void> | undefined {
    const { line } = this.#session;
    const start = this.#runAt;
    this.#runAt = this.#at;
    if (!line || start === this.#at) return undefined;
    return line.outlet.write(this.#inlet.bytes, start, this.#at);
  }

  /** Sends something else to the direct line, behind what goes before it. */
  #instead(bytes: Uint8Array): void {
    void this.#flush();
    void this.#session.line?.outlet.write(bytes);
  }

  /** @returns whether the frame goes to the direct line as it is */
  #passes(): boolean {
    const { type, id } = this.#frame;
    const { line } = this.#session;
    switch (type) {
      case TYPE.DATA:
        return this.#data();
      case TYPE.HEADERS:
        return this.#headers();
      case TYPE.RST_STREAM:
        return this.#reset();
      case TYPE.SETTINGS:
        return this.#settings();
      case TYPE.PING:
        return this.#ping();
      case TYPE.WINDOW_UPDATE:
        return id === 0 ? this.#connectionWindow() : this.#streamWindow();
      case TYPE.PUSH_PROMISE:
        throw new Http2Error(CODE.PROTOCOL_ERROR, "Cannot take a push from a client");
      default:
        return line !== null && !this.#isElsewhere(id);
    }
  }

  /** Whether a stream is known, and not to the direct line. */
  #isElsewhere(id: number): boolean {
    const stream = this.#session.streams.get(id);
    return stream ? stream.place !== "direct" : this.#session.strays.has(id);
  }

  #data(): boolean {
    const { id, length } = this.#frame;
    const session = this.#session;
    const { daprd } = session;
    const stream = session.streams.get(id);
    const end = this.#frame.has(FLAG.END_STREAM);
    daprd.received(length);
    if (!stream || (stream.place !== "direct" && (!stream.held || stream.held.discarded))) {
      if (!stream && session.line && !session.strays.has(id)) return true;
      daprd.giveBack(length);
      if (end && stream) stream.daprdEnded = true;
      return false;
    }
    stream.daprdEnded ||= end;
    const { held } = stream;
    if (held) held.complete ||= end;
    if (stream.place === "direct") {
      held?.keepSent(this.#frame.payload);
      if (end) session.checkEnd(stream);
      return true;
    }
    this.#keepData(stream, held!, length);
    return false;
  }

  #keepData(stream: Stream, held: HeldStream, length: number): void {
    const session = this.#session;
    const { payload } = this.#frame;
    const padding = length - payload.length;
    if (held.keep(payload)) {
      session.daprd.giveBack(length);
    } else {
      session.unpaid += payload.length;
      session.daprd.giveBack(padding);
    }
    // The app never sees the padding, so that it can't grant it again.
    if (padding > 0 && !stream.daprdEnded) session.daprd.grantStream(stream.id, padding);
    if (stream.place === "detour") stream.detour!.pump(stream);
    session.checkEnd(stream);
  }

  #headers(): boolean {
    const read = this.#frame;
    const { id, bytes, start, end } = read;
    const session = this.#session;
    const fields = this.decoder.decode(bytes, start, end);
    const endStream = read.has(FLAG.END_STREAM);
    const known = session.streams.get(id);
    if (known) return this.#trailers(known, fields, endStream);
    if (id > this.lastId) return this.#open(fields, endStream);
    if (!session.strays.has(id)) return this.#passHeaders(id, fields, endStream);
    this.#notPassed();
    return false;
  }

  #open(fields: readonly HeaderField[], endStream: boolean): boolean {
    const { id } = this.#frame;
    const session = this.#session;
    const { options, budget, gate } = session.context;
    if (id % 2 === 0) throw new Http2Error(CODE.PROTOCOL_ERROR, `Cannot take stream ${id} from a client`);
    const stream = new Stream(session.context, id, fields);
    const cls = stream.class;
    if (this.lastId === 0) session.readsAnswers = !stream.grpc;
    this.lastId = id;
    session.streams.set(id, stream);
    stream.daprdEnded = endStream;
    if (answersHealth(session, stream)) {
      this.#notPassed();
      void answerHealth(session, stream);
      return false;
    }
    const retain = stream.question !== null || cls === "delivery" && options.redeliver != null;
    const passes = gate.mayPass(cls);
    const direct = passes && session.line !== null && !session.line.leaving && stream.question === null;
    if (retain || !direct) {
      stream.held = new HeldStream(budget, fields);
      stream.held.retain = retain;
      stream.held.complete = endStream;
    }
    if (direct) {
      stream.place = "direct";
      stream.lease = options.ledger.enter(cls);
      return this.#passHeaders(id, fields, endStream);
    }
    this.#notPassed();
    this.#keeper.keep(stream, passes ? null : "gate");
    return false;
  }

  #trailers(stream: Stream, fields: readonly HeaderField[], endStream: boolean): boolean {
    const { held } = stream;
    if (!endStream) throw new Http2Error(CODE.PROTOCOL_ERROR, "Cannot take fields in the middle of a request");
    stream.daprdEnded = true;
    if (held) {
      held.trailers = fields;
      held.complete = true;
    }
    const passed = stream.place === "direct" && this.#passHeaders(stream.id, fields, true);
    if (stream.place !== "direct") this.#notPassed();
    if (stream.place === "detour") stream.detour!.pump(stream);
    this.#session.checkEnd(stream);
    return passed;
  }

  /** @returns whether the block goes on as it came */
  #passHeaders(id: number, fields: readonly HeaderField[], endStream: boolean): boolean {
    const { line } = this.#session;
    if (!line || line.inSync) return line !== null;
    void this.#flush();
    line.headers(id, fields, endStream);
    return false;
  }

  /** The direct line's app does not see this block. */
  #notPassed(): void {
    if (this.decoder.touched) this.#session.line?.outOfSync();
  }

  #reset(): boolean {
    const { id } = this.#frame;
    const session = this.#session;
    const stream = session.streams.get(id);
    if (!stream) return !session.strays.delete(id) && session.line !== null;
    const { place } = stream;
    stream.daprdEnded = true;
    if (place === "detour") stream.detour!.reset(stream, this.#frame.uint32());
    session.finish(stream, place === "kept" ? "parked-closed" : "peer-closed");
    session.strays.delete(id);
    return place === "direct";
  }

  #settings(): boolean {
    const session = this.#session;
    const { line } = session;
    if (this.#frame.has(FLAG.ACK)) return session.daprd.acks.shift() === true && line !== null;
    this.#frame.eachSetting((id, value) => {
      if (id === SETTING.MAX_FRAME) session.maxFrameToDaprd = Math.max(DEFAULT_MAX_FRAME, value);
      if (id === SETTING.HEADER_TABLE_SIZE) session.answers.allow(value);
      else if (id !== SETTING.ENABLE_PUSH && id !== SETTING.MAX_STREAMS) session.settings.set(id, value);
    });
    this.#keeper.settingsChanged();
    if (line) line.unacknowledged++;
    else void session.daprd.outlet.write(SETTINGS_ACK);
    return line !== null;
  }

  #ping(): boolean {
    const { daprd, line } = this.#session;
    if (this.#frame.has(FLAG.ACK)) return line !== null && line.pingsOfApp-- > 0;
    // grpc-go pings for each answer; an app that did not give it on this line would end the line: too many pings.
    if (line && !daprd.retired) {
      line.pinged(this.#frame.payload);
      return true;
    }
    void daprd.outlet.write(frame(TYPE.PING, FLAG.ACK, 0, this.#frame.payload.slice()));
    return false;
  }

  #connectionWindow(): boolean {
    const { daprd, line } = this.#session;
    const increment = this.#frame.uint32() & 0x7fffffff;
    const rest = daprd.grows(increment);
    if (!line || rest === increment) return line !== null;
    if (rest > 0) this.#instead(windowUpdate(0, rest));
    return false;
  }

  #streamWindow(): boolean {
    const { id } = this.#frame;
    const stream = this.#session.streams.get(id);
    if (stream) {
      const increment = this.#frame.uint32() & 0x7fffffff;
      stream.credit += increment;
      if (stream.place === "detour") stream.detour!.credit(stream, increment);
    }
    return this.#session.line !== null && !this.#isElsewhere(id);
  }
}
