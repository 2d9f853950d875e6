/**
 * The way of most exchanges: the request came whole, may pass, and has a connection to the app; its answer comes
 * whole. Four callbacks, made once a connection, because the general way (`Exchange.carry`) costs a dozen promises and
 * async functions. Whatever else turns out goes on there, from where it is.
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
  onOver: (next: Next) => void = () => {};
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

  /** @returns false if the exchange, which has begun, has to go the general way from its start */
  start(requestAt: number): boolean {
    const exchange = this.#exchange;
    const { up, head, request } = exchange;
    if (!up?.usable || !request.complete || head.upgrade || isSpecial(head) || !exchange.mayPass) return false;
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
    if (typeof sent === "number") this.#onSent(sent);
    else sent.then(this.#onSent, this.#handOver);
    return true;
  }

  #onSent = (count: number): void => {
    if (this.#state !== SENDING) return;
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
    if (this.#answerCame) this.#onAnswer();
  };

  #onAnswer = (): void => {
    this.#answerCame = true;
    if (this.#state !== WAITING) return;
    try {
      const { inlet } = this.#up!;
      const end = this.#exchange.answer.wholeIn(inlet, this.#exchange.head.method);
      if (end < 0) return this.#handOver();
      this.#state = PASSING;
      this.#at = inlet.at;
      this.#end = inlet.at = end;
      const passed = this.#down.write(inlet.bytes, this.#at, end);
      if (typeof passed === "number") this.#onPassed(passed);
      else passed.then(this.#onPassed, this.#onUnwanted);
    } catch (error) {
      this.onFault(error);
    }
  };

  #onPassed = (count: number): void => {
    if (this.#at + count < this.#end) {
      writeAll(this.#down, this.#up!.inlet.bytes, this.#at + count, this.#end).then(
        this.#onAllPassed,
        this.#onUnwanted,
      );
    } else {
      this.#onAllPassed();
    }
  };

  #onAllPassed = (): void => {
    this.#state = IDLE;
    this.onOver(this.#exchange.settle());
  };

  #onUnwanted = (): void => {
    this.#state = IDLE;
    this.onOver(this.#exchange.unwanted());
  };

  #onCut = (): void => {
    if (this.#state === SENDING || this.#state === WAITING) this.#handOver();
  };

  #handOver = (): void => {
    if (this.#state === IDLE) return;
    this.#state = IDLE;
    this.onHandOver();
  };
}

/** Whether the answer may say which paths are for deliveries (see `learnPaths`), or have to be asked for again. */
function isSpecial(head: { readonly method: string; readonly path: string }): boolean {
  return head.method === "OPTIONS" || isAskedOnce(head);
}
