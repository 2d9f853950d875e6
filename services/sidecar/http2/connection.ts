/**
 * One connection of daprd that speaks HTTP/2 with prior knowledge: h2c, and gRPC without TLS.
 *
 * ```
 *                      ┌── direct line: frames as they come, one connection to the app for each of daprd's
 *   daprd ── frames ───┤
 *                      └── detour: streams that were kept back, or have to be sent again; ids and blocks anew
 * ```
 *
 * **Normally** every byte passes as it came; header blocks are only read, for the class of a request.
 *
 * **Why a detour.** On one connection the ids of new streams must increase (RFC 9113 §5.1.1). When a stream is let go,
 * calls with higher ids have passed, and its own can't be opened there any more. Refusing it is no way out:
 * REFUSED_STREAM is repeated by grpc-go only once, and only up to 256 KiB of request (`stream.go`: `shouldRetry`,
 * `commitAttempt`), and by Go's `http2.Transport` not at all if the body can't be rewound
 * (`shouldRetryRequest`), which Dapr's HTTP channel does not provide for. Everything else is an error at once, and Dapr
 * makes a Nack of it. So a stream that was kept back goes over another connection, where it gets the next id. The app
 * sees one more connection of the same client; daprd sees nothing.
 *
 * **daprd moves on.** A detour costs copying, a direct line that missed a block costs writing later ones anew. So when
 * the first stream takes a detour, daprd is asked by a graceful GOAWAY (highest id: every stream that it has opened or
 * is opening goes on) to open the next ones on a new connection, which has a direct line of its own again. Both Go
 * clients do that without an error, as with any server that limits the age of a connection. From then on DAPS answers
 * daprd's pings itself: grpc-go sends one for each answer, and a gRPC app ends a connection with pings but no answers.
 *
 * **When the app died.** Each line's streams are dealt with by themselves, see `keeper.ts`; daprd's connection lives on.
 * A delivery goes again over a detour, as long as nothing of its answer has gone to daprd (for gRPC: no content). Answers
 * are not held until they are complete, as for HTTP/1: a header block that is delayed would leave daprd's table out of
 * order.
 *
 * **A GOAWAY of the app** is passed on, but with the highest id, once for all: DAPS looks after the streams that it did
 * not take, and those on their way, because daprd would repeat them no better than refused ones.
 *
 * **Bounds.** What is kept of a stream ends with the window that the app has granted it, and with the budget: beyond
 * that daprd does not get the connection's window back (`HeldStream`). A kept stream takes one of the app's
 * MAX_CONCURRENT_STREAMS at daprd. A frame is passed on when it is complete, so that a read buffer grows to the largest
 * frame that an end has allowed (16 KiB by default).
 *
 * **DAPS greets daprd**, at once, and the app's settings follow when they come. Dapr has a server that says nothing for
 * 1 s down as one that is away, and fails all that waits for it, for another second at least
 * (`pkg/api/grpc/manager/manager.go`: MinConnectTimeout, backoff): an app that is busy with something else for so long
 * would lose what is delivered to it.
 *
 * **Without the app.** If it can't be reached, or nothing may pass, DAPS answers pings and settings, and keeps all
 * streams. A connection that the app ends while idle does not end daprd's: a stream that is just coming would fail.
 * @module
 */
import { codeOf, type Socket } from "../../host/sockets/index.ts";
import type { Connection, RelayContext } from "../relay/context.ts";
import { Inlet } from "../relay/inlet.ts";
import { DaprdEnd } from "./daprd-end.ts";
import { DirectLine } from "./direct-line.ts";
import { goAway, PREFACE } from "./frames.ts";
import { FromApp } from "./from-app.ts";
import { FromDaprd } from "./from-daprd.ts";
import { CODE, Http2Error } from "./http2-error.ts";
import { Keeper } from "./keeper.ts";
import { Session } from "./session.ts";

export class Http2Connection implements Connection {
  #context: RelayContext;
  #down: Socket;
  #inlet: Inlet;
  #session: Session;
  #keeper: Keeper;
  #fromDaprd: FromDaprd;
  #closed = false;

  /** @param onGone called once, when daprd is seen to have closed the connection, or its sending half */
  constructor(context: RelayContext, down: Socket, onGone: () => void) {
    this.#context = context;
    this.#down = down;
    this.#inlet = new Inlet(down, context.buffers);
    this.#inlet.onEnd = onGone;
    this.#session = new Session(context, new DaprdEnd(down));
    this.#keeper = new Keeper(this.#session, (error) => {
      context.options.onFault?.(error);
      this.close();
    });
    this.#fromDaprd = new FromDaprd(this.#session, this.#keeper, this.#inlet);
  }

  async run(): Promise<void> {
    try {
      if (!await this.#preface()) return;
      this.#session.daprd.greet();
      const answering = this.#begin(await this.#connect());
      try {
        await this.#fromDaprd.run();
      } finally {
        this.#session.daprdGone = true;
        this.#keeper.daprdLeft();
      }
      const { line, daprd } = this.#session;
      if (this.#inlet.failure !== null || !line) return;
      await line.outlet.end();
      daprd.windowGrew.fire();
      await answering;
      await daprd.outlet.end();
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      await this.#refuse(error);
    } finally {
      this.close();
    }
  }

  abandonParked(): void {
    this.#keeper.abandon();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const session = this.#session;
    session.daprdGone = true;
    this.#keeper.close();
    this.#keeper.daprdLeft();
    this.#down.close();
    session.direct?.socket.close();
    session.daprd.windowGrew.fire();
    session.unpaidShrank.fire();
  }

  /** @returns false if daprd only looked whether somebody listens */
  async #preface(): Promise<boolean> {
    const inlet = this.#inlet;
    for (let at = 0; at < PREFACE.length; at++) {
      while (inlet.end - inlet.at <= at) if (!await inlet.fill()) return false;
      if (inlet.bytes[inlet.at + at] !== PREFACE[at]) {
        throw new Http2Error(CODE.PROTOCOL_ERROR, "Cannot talk to a client that does not begin with HTTP/2's preface");
      }
    }
    inlet.at += PREFACE.length;
    return true;
  }

  async #connect(): Promise<DirectLine | null> {
    const { gate, sockets, app } = this.#context.options;
    if (!gate.mayPass("call") && !gate.mayPass("delivery")) return null;
    try {
      return new DirectLine(await sockets.connect(app), this.#context.buffers);
    } catch (error) {
      gate.appFailed({ kind: "refused", detail: codeOf(error) });
      return null;
    }
  }

  /** @returns when the direct line is down */
  async #begin(line: DirectLine | null): Promise<void> {
    if (!line) return this.#session.daprd.standAlone();
    if (this.#closed) line.socket.close();
    this.#session.direct = line;
    void line.outlet.write(PREFACE);
    try {
      await new FromApp(this.#session, this.#keeper, line, this.#fromDaprd.decoder).run();
      if (this.#session.daprd.outlet.broken) this.#down.close();
    } catch (error) {
      this.#context.options.onFault?.(error);
      this.close();
    }
  }

  async #refuse(error: Http2Error): Promise<void> {
    this.#context.options.onRequest?.({ class: "call", rule: "unread", outcome: "bad-request", ms: 0 });
    const { outlet } = this.#session.daprd;
    await outlet.write(goAway(this.#fromDaprd.lastId, error.code));
    await outlet.end();
  }
}
