/**
 * Passes one answer of the app on to daprd, as it comes or, while it might still be needed whole, when it is complete.
 * @module
 */
import { type Socket, writeAll } from "../../host/sockets/index.ts";
import type { Inlet } from "../relay/inlet.ts";
import { Body, type BodyTap } from "./body.ts";
import { FramingError } from "./framing-error.ts";
import type { RequestHead } from "./request-head.ts";
import { ResponseHead } from "./response-head.ts";

/** A longer answer is passed on as it comes, also one that would better be held back. Dapr's are some bytes long. */
const MAX_HELD_BACK_BYTES = 64 * 1024;

export type AnswerEnd =
  /** Passed on, whole. */
  | "finished"
  /** 101 was passed on: the connection belongs to another protocol now. */
  | "upgraded"
  /** The app's connection ended before the answer did. */
  | "cut"
  /** daprd does not take it any more. */
  | "unwanted"
  /** Not what was wanted; nothing of it was passed on. */
  | "unacceptable"
  /** Malformed or ambiguous. */
  | "malformed";

export class Answer {
  readonly head: ResponseHead = new ResponseHead();
  /** The app has begun to answer, be it with an interim response. */
  begun = false;
  /** Bytes of the final response have gone to daprd: it can't get another one. */
  passed = false;
  /** What was malformed, for the log. */
  problem = "";
  #body = new Body();
  #malformed: FramingError | null = null;

  /** The connection to the app ended the answer, or was announced to end. */
  get closes(): boolean {
    return this.#body.untilClose || !this.head.persistent;
  }

  /**
   * @returns where the answer ends, if the final one is there, whole; else -1, and `relay` goes on from its beginning
   */
  wholeIn(inlet: Inlet, method: string): number {
    const { head } = this;
    const body = this.#body;
    try {
      const bodyAt = head.read(inlet.bytes, inlet.at, inlet.end);
      if (bodyAt < 0 || head.status < 200) return -1;
      this.#followBody(method);
      body.tap = null;
      const end = body.take(inlet.bytes, bodyAt, inlet.end);
      return body.done ? end : -1;
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.#malformed = error;
      return -1;
    }
  }

  /**
   * @param holdBack pass nothing on before the answer is complete
   * @param accepts asked at the final head whether the answer may be passed on
   * @param tapFor asked at the final head whether somebody wants the content as it passes
   */
  async relay(
    inlet: Inlet,
    down: Socket,
    request: RequestHead,
    holdBack: boolean,
    accepts: (status: number) => boolean,
    tapFor: () => BodyTap | null,
  ): Promise<AnswerEnd> {
    this.begun = inlet.end > inlet.at;
    this.passed = false;
    const { head } = this;
    const body = this.#body;
    try {
      if (this.#malformed) throw this.#malformed;
      let at: number;
      for (;;) {
        while ((at = head.read(inlet.bytes, inlet.at, inlet.end)) < 0) {
          if (!await inlet.fill()) return "cut";
          this.begun = true;
        }
        if (head.status >= 200) break;
        if (head.status === 101 && !(request.upgrade && request.hasUpgrade)) {
          throw new FramingError("Cannot pass on a 101 that was not asked for");
        }
        const interim = inlet.bytes.subarray(inlet.at, at);
        inlet.at = at;
        if (!await passOn(down, interim)) return "unwanted";
        if (head.status === 101) return "upgraded";
      }
      if (!accepts(head.status)) return "unacceptable";
      this.#followBody(request.method);
      body.tap = tapFor();
      for (;;) {
        at = body.take(inlet.bytes, at, inlet.end);
        if (body.done || !holdBack || at - inlet.at >= MAX_HELD_BACK_BYTES) {
          const out = inlet.bytes.subarray(inlet.at, at);
          inlet.at = at;
          this.passed = true;
          if (out.length > 0 && !await passOn(down, out)) return "unwanted";
          if (body.done) return "finished";
        }
        const held = at - inlet.at;
        if (!await inlet.fill()) {
          if (!body.untilClose || inlet.failure !== null) return "cut";
          const rest = inlet.bytes.subarray(inlet.at, inlet.at + held);
          inlet.at += held;
          this.passed = true;
          return await passOn(down, rest) ? "finished" : "unwanted";
        }
        at = inlet.at + held;
      }
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.problem = error.message;
      return "malformed";
    }
  }

  #followBody(method: string): void {
    const { head } = this;
    const body = this.#body;
    if (!head.hasBody(method)) body.none();
    else if (head.chunked) body.inChunks();
    else if (head.contentLength >= 0) body.ofLength(head.contentLength);
    else body.toTheEnd();
  }
}

/** @returns false if the connection is broken */
async function passOn(down: Socket, bytes: Uint8Array): Promise<boolean> {
  try {
    await writeAll(down, bytes);
    return true;
  } catch {
    return false;
  }
}
