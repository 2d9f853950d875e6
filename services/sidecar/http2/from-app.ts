/**
 * Reads what the app sends over a direct line, frame by frame, and passes it on to daprd: runs of frames as they lie in
 * the buffer.
 * @module
 */
import { concat, DEFAULT_MAX_FRAME, FLAG, Frame, frame, MAX_STREAM_ID, put32, SETTING, TYPE } from "./frames.ts";
import type { DirectLine } from "./direct-line.ts";
import type { Decoder } from "./hpack/decoder.ts";
import { CODE, Http2Error } from "./http2-error.ts";
import { type Keeper, problemText } from "./keeper.ts";
import type { Session } from "./session.ts";
import type { Stream } from "./stream.ts";

export class FromApp {
  #session: Session;
  #keeper: Keeper;
  #line: DirectLine;
  #requests: Decoder;
  #frame = new Frame();
  /** The app's first settings have come. */
  #introduced = false;
  /** Every frame of this read goes on as it came, and nothing that it began waits for a promise. */
  #plain = true;

  /** @param requests reads daprd's header blocks, whose table the app limits */
  constructor(session: Session, keeper: Keeper, line: DirectLine, requests: Decoder) {
    this.#session = session;
    this.#keeper = keeper;
    this.#line = line;
    this.#requests = requests;
  }

  /** Reads until the line is down; what it carried is dealt with then. */
  async run(): Promise<void> {
    const { inlet } = this.#line;
    let problem: unknown = null;
    try {
      await inlet.each(this.#takeAll);
      problem = inlet.failure;
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      problem = error;
    } finally {
      this.#down(problem);
    }
  }

  #down(problem: unknown): void {
    const session = this.#session;
    const line = this.#line;
    line.alive = false;
    line.socket.close();
    if (!this.#introduced) session.daprd.standAlone();
    for (const owed of line.takeOwed()) void session.daprd.outlet.write(owed);
    session.daprd.restoreWindow();
    const carried = [...session.streams.values()].filter(({ place }) => place === "direct");
    this.#keeper.broke(carried, problemText(problem));
  }

  /** Deals with what has come: see `Inlet.each`. */
  #takeAll = (): Promise<unknown> | boolean => {
    const { inlet } = this.#line;
    const { daprd } = this.#session;
    const read = this.#frame;
    let runAt = inlet.at;
    let at = runAt;
    let written: Promise<void> | undefined;
    this.#plain = true;
    const flush = () => {
      if (at > runAt) written = daprd.outlet.write(inlet.bytes, runAt, at) ?? written;
      runAt = at;
    };
    while (read.read(inlet.bytes, at, inlet.end, this.#session.maxFrameToDaprd)) {
      const { next } = read;
      if (read.type === TYPE.DATA && daprd.debt > 0 && daprd.window < read.length && !this.#session.daprdGone) {
        flush();
        inlet.at = at;
        return this.#takeLater(written);
      }
      const instead = this.#take();
      if (instead) {
        this.#plain = false;
        flush();
        written = daprd.outlet.write(instead) ?? written;
        runAt = next;
      }
      at = next;
    }
    flush();
    inlet.at = at;
    return written ?? this.#plain;
  };

  /** Goes on when daprd's window has grown. */
  async #takeLater(written: Promise<void> | undefined): Promise<void> {
    await this.#session.daprd.windowGrew.wait();
    await this.#takeAll();
    await written;
  }

  /** @returns what goes to daprd in its place; null: the frame as it is */
  #take(): Uint8Array | null {
    const { type, id } = this.#frame;
    const { daprd } = this.#session;
    if (!this.#introduced && type !== TYPE.SETTINGS) {
      throw new Http2Error(CODE.PROTOCOL_ERROR, "Cannot talk to an app that does not begin with its settings");
    }
    switch (type) {
      case TYPE.DATA:
        this.#data();
        return null;
      case TYPE.HEADERS:
        this.#headers();
        return null;
      case TYPE.RST_STREAM:
        return this.#reset();
      case TYPE.SETTINGS:
        return this.#settings();
      case TYPE.PING:
        if (this.#frame.has(FLAG.ACK)) this.#line.pingAnswered();
        else this.#line.pingsOfApp++;
        return null;
      case TYPE.WINDOW_UPDATE: {
        const increment = this.#frame.uint32() & 0x7fffffff;
        const stream = this.#session.streams.get(id);
        if (id === 0) daprd.granted(increment);
        else if (stream) stream.granted += increment;
        return null;
      }
      case TYPE.GOAWAY:
        return this.#goAway();
      case TYPE.PUSH_PROMISE:
        throw new Http2Error(CODE.PROTOCOL_ERROR, "Cannot take a push: daprd never allows one");
      default:
        return null;
    }
  }

  #data(): void {
    const session = this.#session;
    const { id, length, payload } = this.#frame;
    session.daprd.window -= length;
    const stream = session.streams.get(id);
    if (!stream) return;
    stream.answered = true;
    stream.learner?.tap(payload, 0, payload.length);
    if (this.#frame.has(FLAG.END_STREAM)) this.#ended(stream);
  }

  #headers(): void {
    const session = this.#session;
    const { id, bytes, start, end } = this.#frame;
    const stream = session.streams.get(id);
    if (session.readsAnswers) {
      const fields = session.answers.decode(bytes, start, end);
      if (stream) session.learn(stream, fields);
    }
    if (!stream) return;
    session.headed(stream);
    if (this.#frame.has(FLAG.END_STREAM)) this.#ended(stream);
  }

  #ended(stream: Stream): void {
    // What was learned from the answer is taken in by a promise.
    if (stream.learner) this.#plain = false;
    stream.appEnded = true;
    this.#session.checkEnd(stream);
  }

  #reset(): Uint8Array | null {
    const stream = this.#session.streams.get(this.#frame.id);
    if (!stream) return null;
    if (this.#frame.uint32() === CODE.REFUSED_STREAM && !stream.answered && stream.held?.whole) {
      this.#keeper.onUnprocessed(stream);
      return new Uint8Array(0);
    }
    this.#session.finish(stream, "finished");
    return null;
  }

  #settings(): Uint8Array | null {
    const session = this.#session;
    if (this.#frame.has(FLAG.ACK)) {
      this.#line.unacknowledged--;
      return null;
    }
    let limited = this.#introduced;
    this.#introduced = true;
    session.daprd.acks.push(true);
    this.#frame.eachSetting((id, value) => {
      if (id === SETTING.MAX_STREAMS) limited = true;
      session.daprd.told(id, value);
      if (id === SETTING.HEADER_TABLE_SIZE) this.#requests.allow(value);
      if (id === SETTING.MAX_FRAME) {
        session.maxFrameFromDaprd = Math.max(DEFAULT_MAX_FRAME, session.maxFrameFromDaprd, value);
      }
    });
    if (limited) return null;
    return concat([frame(TYPE.SETTINGS, 0, 0, this.#frame.payload), session.daprd.unlimit()]);
  }

  /**
   * The app takes no new stream, and has not looked at those above the last one. DAPS answers for these itself, also
   * for what is on its way: daprd is told to go, but that all of its streams are looked after. What it takes for
   * unprocessed it would repeat once at most, and fail otherwise.
   */
  #goAway(): Uint8Array {
    const session = this.#session;
    const lastId = this.#frame.uint32() & 0x7fffffff;
    const payload = this.#frame.payload.slice();
    put32(payload, 0, MAX_STREAM_ID);
    this.#line.leaving = true;
    session.daprd.wasRetired();
    for (const stream of [...session.streams.values()]) {
      if (stream.place === "direct" && stream.id > lastId) this.#keeper.onUnprocessed(stream);
    }
    return frame(TYPE.GOAWAY, 0, 0, payload);
  }
}
