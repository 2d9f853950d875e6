/** What the parts of one HTTP/2 connection of daprd share: its streams, both ends, and how a stream ends. @module */
import type { RequestOutcome } from "../relay/contract.ts";
import { learnPaths } from "../http1/delivery-paths.ts";
import type { RelayContext } from "../relay/context.ts";
import type { DaprdEnd } from "./daprd-end.ts";
import type { DirectLine } from "./direct-line.ts";
import { DEFAULT_MAX_FRAME, SETTING } from "./frames.ts";
import { Decoder } from "./hpack/decoder.ts";
import type { HeaderField } from "./hpack/static-table.ts";
import { CODE } from "./http2-error.ts";
import { Signal } from "./signal.ts";
import type { Stream } from "./stream.ts";

/** gRPC's status `Unavailable`. */
const UNAVAILABLE = "14";
/** So many strays are remembered: those of the last streams, as daprd sends nothing of others any more. */
const MAX_STRAYS = 10_000;

export class Session {
  readonly context: RelayContext;
  readonly daprd: DaprdEnd;
  direct: DirectLine | null = null;
  readonly streams: Map<number, Stream> = new Map();
  /**
   * Streams that are over, and of which daprd may still send what the direct line's app must not see: to it they have
   * not begun, so that it would end the connection (RFC 9113 §5.1). daprd may have ended its side: it cancels what it
   * waits for no longer, and takes more of an answer, without knowing that the answer is complete.
   */
  readonly strays: Set<number> = new Set();
  /** daprd's settings, as a detour's app is told them. */
  readonly settings: Map<number, number> = new Map([[SETTING.ENABLE_PUSH, 0]]);
  /** The largest frame that daprd takes, and that it may send, in bytes of payload. */
  maxFrameToDaprd: number = DEFAULT_MAX_FRAME;
  maxFrameFromDaprd: number = DEFAULT_MAX_FRAME;
  /** Reads the header blocks that the app sends over the direct line. */
  readonly answers: Decoder = new Decoder();
  /** Whether they are read at all: nothing is to be learned from the answers to gRPC. */
  readsAnswers = false;
  /** Bytes in memory beyond the budget; see `HeldStream`. */
  unpaid = 0;
  readonly unpaidShrank: Signal = new Signal();
  daprdGone = false;

  constructor(context: RelayContext, daprd: DaprdEnd) {
    this.context = context;
    this.daprd = daprd;
  }

  /** The direct line, if it is up. */
  get line(): DirectLine | null {
    return this.direct?.alive ? this.direct : null;
  }

  /** Whether it has not ended, and its id not been taken by another one. */
  has(stream: Stream): boolean {
    return this.streams.get(stream.id) === stream;
  }

  /** The app has sent a header block of an answer. */
  headed(stream: Stream): void {
    stream.headed = true;
    stream.answered ||= !stream.grpc;
  }

  /** What it says; only read where `readsAnswers`, or on a detour. */
  learn(stream: Stream, fields: readonly HeaderField[]): void {
    const status = Number(fields.find(({ name }) => name === ":status")?.value);
    if (status >= 200) stream.learner = learnPaths(this.context.deliveryPaths, stream, status);
  }

  /** The stream is over once both sides have said all. */
  checkEnd(stream: Stream): void {
    if (stream.appEnded) {
      void stream.learner?.learn();
      stream.learner = null;
    }
    if (stream.appEnded && stream.daprdEnded) this.finish(stream, "finished");
  }

  /** @param outcome null: nobody is told, as DAPS answered by itself */
  finish(stream: Stream, outcome: RequestOutcome | null): void {
    if (!this.has(stream)) return;
    const { onRequest, now } = this.context.options;
    this.streams.delete(stream.id);
    if (stream.place !== "direct" && this.line) this.#remember(stream.id);
    stream.detour?.forget(stream);
    if (stream.held) this.paid(stream.held.discard());
    stream.leave();
    stream.attempts.end();
    stream.waiter?.leave();
    const { class: cls, rule } = stream.classified;
    if (outcome !== null) onRequest?.({ class: cls, rule, outcome, ms: now() - stream.startedAt });
  }

  /**
   * The app did not survive the stream, and it is not sent (again). For gRPC the answer is what its client makes of a
   * broken connection, status Unavailable; a stream reset with INTERNAL_ERROR is repeated by nobody, unlike with
   * REFUSED_STREAM. (A message that was cut in half is Internal for gRPC whatever follows it.)
   */
  fail(stream: Stream): void {
    if (stream.grpc && !stream.appEnded) {
      const status = [
        { name: "grpc-status", value: UNAVAILABLE },
        { name: "grpc-message", value: "the app's connection ended" },
      ];
      const head = [{ name: ":status", value: "200" }, { name: "content-type", value: "application/grpc" }];
      this.daprd.headers(stream.id, stream.headed ? status : [...head, ...status], true);
      if (!stream.daprdEnded) this.daprd.reset(stream.id, CODE.NO_ERROR);
    } else {
      this.daprd.reset(stream.id, stream.appEnded ? CODE.NO_ERROR : CODE.INTERNAL_ERROR);
    }
    this.finish(stream, "app-died");
  }

  /** So many unpaid bytes are gone. */
  paid(bytes: number): void {
    if (bytes === 0) return;
    this.unpaid -= bytes;
    this.daprd.giveBack(bytes);
    this.daprd.flushCredit();
    this.unpaidShrank.fire();
  }

  #remember(id: number): void {
    this.strays.add(id);
    if (this.strays.size <= MAX_STRAYS) return;
    for (const oldest of this.strays) {
      this.strays.delete(oldest);
      return;
    }
  }
}
