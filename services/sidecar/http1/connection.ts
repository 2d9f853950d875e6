/**
 * One connection of daprd that speaks HTTP/1: its exchanges, one after the other. A pipelined request waits in the
 * read buffer until the one before it is answered.
 * @module
 */
import { type Socket, writeAll } from "../../host/sockets/index.ts";
import type { Connection, RelayContext } from "../relay/context.ts";
import { Inlet } from "../relay/inlet.ts";
import { splice } from "../relay/splice.ts";
import { Exchange } from "./exchange.ts";
import { FastLane } from "./fast-lane.ts";
import { FramingError } from "./framing-error.ts";
import { CLOSE, LINGER, NEXT, type Next } from "./next.ts";
import { RequestHead } from "./request-head.ts";

const HEALTHY = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
const REASON = { 400: "Bad Request", 502: "Bad Gateway" };

export class Http1Connection implements Connection {
  #context: RelayContext;
  #down: Socket;
  #inlet: Inlet;
  #head = new RequestHead();
  #exchange: Exchange;
  #fastLane: FastLane;
  #over = Promise.withResolvers<void>();
  /** Between two exchanges, or before a request's head is complete. */
  #idle = false;

  /** @param onGone called once, when daprd is seen to have closed the connection, or its sending half */
  constructor(context: RelayContext, down: Socket, onGone: () => void) {
    this.#context = context;
    this.#down = down;
    this.#inlet = new Inlet(down, context.buffers);
    this.#exchange = new Exchange(context, down, this.#inlet, this.#head);
    this.#fastLane = new FastLane(this.#exchange, down, this.#inlet);
    this.#fastLane.onOver = (next) => this.#after(next);
    this.#fastLane.onHandOver = () => void this.#carry(true);
    this.#fastLane.onFault = (error) => this.#fail(error);
    this.#inlet.onBytes = () => !this.#idle || this.#proceed();
    this.#inlet.onEnd = () => {
      onGone();
      this.#exchange.daprdLeft();
      if (this.#idle) this.#after(CLOSE);
    };
  }

  run(): Promise<void> {
    this.#proceed();
    return this.#over.promise;
  }

  abandonParked(): void {
    this.#exchange.abandonParked();
  }

  close(): void {
    this.#exchange.close();
    this.#down.close();
  }

  /**
   * Takes up the next request as soon as its head is complete.
   *
   * @returns whether nothing that it has begun waits for a promise
   */
  #proceed(): boolean {
    const inlet = this.#inlet;
    this.#idle = false;
    try {
      const requestAt = inlet.at;
      const bodyAt = this.#head.read(inlet.bytes, requestAt, inlet.end);
      if (bodyAt < 0) {
        this.#idle = true;
        if (inlet.ended) return this.#after(CLOSE);
        inlet.watch();
        return true;
      }
      if (this.#answersHealth()) {
        inlet.at = bodyAt;
        void this.#answerHealth();
        return false;
      }
      this.#exchange.begin(bodyAt);
      if (this.#fastLane.isOpen) return this.#fastLane.start(requestAt);
      void this.#carry(false);
    } catch (error) {
      if (!(error instanceof FramingError)) return this.#fail(error);
      this.#context.options.onRequest?.({ class: "call", rule: "unread", outcome: "bad-request", ms: 0 });
      this.#after({ do: "refuse", status: 400, problem: error.message });
    }
    return false;
  }

  /**
   * Whether this is Dapr's app-health probe at a time when DAPS speaks for the app: "unhealthy" would make Dapr drop its
   * subscriptions and discard what it has buffered (`pkg/runtime/runtime.go`: StopAppSubscriptions).
   */
  #answersHealth(): boolean {
    const { health = null } = this.#context.options;
    const { method, path, contentLength, chunked } = this.#head;
    return health !== null && method === "GET" && path === health.path && contentLength <= 0 && !chunked &&
      health.answers();
  }

  async #answerHealth(): Promise<void> {
    try {
      await writeAll(this.#down, HEALTHY);
      this.#after(this.#head.persistent ? NEXT : LINGER);
    } catch {
      this.#after(CLOSE);
    }
  }

  async #carry(sent: boolean): Promise<void> {
    try {
      const next = await this.#exchange.carry(sent);
      // The app did not survive the probe, or was not there for it.
      if (next.do === "close" && !this.#exchange.answer.passed && !this.#inlet.ended && this.#answersHealth()) {
        return await this.#answerHealth();
      }
      this.#after(next);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @returns what `#proceed` does */
  #after(next: Next): boolean {
    if (next.do === "next") return this.#proceed();
    this.#idle = false;
    this.#conclude(next).then(() => {
      this.close();
      this.#over.resolve();
    }, (error: unknown) => this.#fail(error));
    return false;
  }

  #fail(error: unknown): false {
    this.close();
    this.#over.reject(error);
    return false;
  }

  async #conclude(next: Next): Promise<void> {
    if (next.do === "splice") await this.#splice();
    if (next.do === "refuse") await this.#refuse(next.status, next.problem);
    if (next.do === "refuse" || next.do === "linger") await this.#linger();
  }

  async #refuse(status: 400 | 502, problem: string): Promise<void> {
    const answer = `HTTP/1.1 ${status} ${REASON[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${problem.length}\r\n\r\n${problem}`;
    try {
      await writeAll(this.#down, Uint8Array.from(answer, (char) => char.charCodeAt(0)));
    } catch {
      // Nobody is there to be told.
    }
  }

  /**
   * Says that nothing more comes and waits until daprd has closed: closing with bytes of it unread would reset the
   * connection and could destroy the answer on its way.
   */
  async #linger(): Promise<void> {
    const inlet = this.#inlet;
    this.#down.closeWrite();
    inlet.pinned = true; // A write to the app that still waits may have a view of the bytes.
    await this.#exchange.drain();
    do inlet.at = inlet.end; while (await inlet.fill());
  }

  async #splice(): Promise<void> {
    const { up } = this.#exchange;
    if (!up) return;
    using _lease = this.#context.options.ledger.enter("opaque");
    await splice({ inlet: this.#inlet, socket: this.#down }, up, () => {
      this.#context.lastOpaqueByteAt = this.#context.options.now();
    });
  }
}
