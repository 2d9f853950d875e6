/**
 * The way of most exchanges: the request came whole, may pass, and has a connection to the app; its answer comes
 * whole. Four callbacks, made once a connection, because the general way (`Exchange.carry`) costs a dozen promises and
 * async functions. Whatever else turns out goes on there, from where it is. What returns a boolean says whether nothing
 * that it has begun waits for a promise.
 * @module
 */
import { type Socket, writeAll } from "../../host/sockets/index.ts";
import type { Inlet } from "../relay/inlet.ts";
import { isAskedOnce } from "./asked-once.ts";
import type { Exchange } from "./exchange.ts";
import type { Next } from "./next.ts";
import type { Upstream } from "./upstream.ts";

const IDLE = 0;
const SENDING = 1;
const WAITING = 2;
const PASSING = 3;

export class FastLane {
  /** Called when the exchange is over. */
  onOver: (next: Next) => boolean = () => true;
  /** Called when it has to go on the general way; the request has gone to the app. */
  onHandOver: () => void = () => {};
  /** Called with what nobody foresaw. */
  onFault: (error: unknown) => void = () => {};
  #exchange: Exchange;
  #down: Socket;
  #inlet: Inlet;
  #up: Upstream | null = null;
  #state = IDLE;
  #answerCame = false;
  // What is being written: bytes[#at..#end) of one of the inlets.
  #at = 0;
  #end = 0;

  constructor(exchange: Exchange, down: Socket, inlet: Inlet) {
    this.#exchange = exchange;
    this.#down = down;
    this.#inlet = inlet;
  }

  /** Else the exchange, which has begun, has to go the general way from its start. */
  get isOpen(): boolean {
    const { up, head, request, mayPass } = this.#exchange;
    return up !== null && up.usable && request.complete && !head.upgrade && !isSpecial(head) && mayPass;
  }

  /** To be called when it is open. */
  start(requestAt: number): boolean {
    const exchange = this.#exchange;
    const up = exchange.up!;
    const inlet = this.#inlet;
    this.#state = SENDING;
    this.#answerCame = false;
    if (this.#up !== up) {
      this.#up = up;
      up.inlet.onBytes = this.#onAnswer;
      up.onCut = this.#onCut;
    }
    up.begin();
    exchange.enter();
    this.#at = requestAt;
    this.#end = inlet.at;
    const sent = up.socket.write(inlet.bytes, requestAt, inlet.at);
    if (typeof sent === "number") return this.#onSent(sent);
    sent.then(this.#onSent, this.#handOver);
    return false;
  }

  #onSent = (count: number): boolean => {
    if (this.#state !== SENDING) return false;
    const exchange = this.#exchange;
    const up = this.#up!;
    if (this.#at + count < this.#end) {
      exchange.send(up, count);
      return this.#handOver();
    }
    this.#state = WAITING;
    exchange.request.sentTo(up.socket);
    if (!exchange.request.whole) this.#inlet.unpin();
    if (this.#inlet.ended) exchange.daprdLeft();
    else this.#inlet.watch();
    return !this.#answerCame || this.#onAnswer();
  };

  #onAnswer = (): boolean => {
    this.#answerCame = true;
    if (this.#state !== WAITING) return true;
    try {
      const { inlet } = this.#up!;
      const end = this.#exchange.answer.wholeIn(inlet, this.#exchange.head.method);
      if (end < 0) return this.#handOver();
      this.#state = PASSING;
      this.#at = inlet.at;
      this.#end = inlet.at = end;
      const passed = this.#down.write(inlet.bytes, this.#at, end);
      if (typeof passed === "number") return this.#onPassed(passed);
      passed.then(this.#onPassed, this.#onUnwanted);
    } catch (error) {
      this.onFault(error);
    }
    return false;
  };

  #onPassed = (count: number): boolean => {
    if (this.#at + count === this.#end) return this.#onAllPassed();
    const { bytes } = this.#up!.inlet;
    writeAll(this.#down, bytes, this.#at + count, this.#end).then(this.#onAllPassed, this.#onUnwanted);
    return false;
  };

  #onAllPassed = (): boolean => {
    this.#state = IDLE;
    return this.onOver(this.#exchange.settle());
  };

  #onUnwanted = (): void => {
    this.#state = IDLE;
    this.onOver(this.#exchange.unwanted());
  };

  #onCut = (): void => {
    if (this.#state === SENDING || this.#state === WAITING) this.#handOver();
  };

  #handOver = (): false => {
    if (this.#state !== IDLE) {
      this.#state = IDLE;
      this.onHandOver();
    }
    return false;
  };
}

/** Whether the answer may say which paths are for deliveries (see `learnPaths`), or have to be asked for again. */
function isSpecial(head: { readonly method: string; readonly path: string }): boolean {
  return head.method === "OPTIONS" || isAskedOnce(head);
}
