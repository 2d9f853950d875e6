/**
 * Streams that are not on the direct line: kept back until they may go, then on a detour; and what becomes of streams
 * whose connection to the app broke.
 *
 * ```
 *              gate                         gate passes          app's connection broke, or it took the stream not
 *   new ───▶ kept ◀── refused ── connecting ◀────────── kept ◀──────────────┐
 *    │                               │                                      │ a delivery, unanswered, attempts left
 *    └─────────▶ direct              └────────▶ on a detour ────────────────┘
 * ```
 *
 * A delivery that can't go again is kept until the gate passes, then failed, so that Dapr's own policy decides; in a
 * drain that does not come, and it returns to the broker with daprd's leaving. One that was too large to be held stays
 * for good. A call that broke fails at once, but for what Dapr asks only once and its question whether the app is well.
 * @module
 */
import { codeOf } from "../../host/sockets/index.ts";
import { isTimeLeft, timeToAskAgain } from "../http1/asked-once.ts";
import type { ParkReport } from "../relay/contract.ts";
import type { Waiter } from "../relay/waiting-room.ts";
import { Detour, type DetourOwner } from "./detour.ts";
import { FLAG } from "./frames.ts";
import { answerHealth, answersHealth } from "./health.ts";
import type { HeaderField } from "./hpack/static-table.ts";
import { CODE, Http2Error } from "./http2-error.ts";
import type { Session } from "./session.ts";
import type { Stream } from "./stream.ts";

/** What waiting leads to: the app, a failure, or nothing. */
type Fate = "go" | "fail" | "stay";

export class Keeper implements DetourOwner {
  #session: Session;
  #detours = new Set<Detour>();
  #connecting: Promise<Detour | null> | null = null;
  #closed = false;
  /** Called with what nobody foresaw. */
  #onFault: (error: unknown) => void;

  constructor(session: Session, onFault: (error: unknown) => void) {
    this.#session = session;
    this.#onFault = onFault;
  }

  get settings(): ReadonlyMap<number, number> {
    return this.#session.settings;
  }

  get maxFrame(): number {
    return this.#session.maxFrameToDaprd;
  }

  /** Lets the stream go when its class may pass; `why` it has to wait, null if it need not. */
  keep(stream: Stream, why: ParkReport["why"] | null, fate: Fate = "go"): void {
    stream.place = "kept";
    stream.detour = null;
    const { held } = stream;
    if (held && fate !== "go") this.#session.paid(held.discard());
    this.#carry(stream, why, fate).catch(this.#onFault);
  }

  /** The app's connection broke; what it carried is dealt with, each by its kind. */
  broke(streams: Iterable<Stream>, detail: string): void {
    const session = this.#session;
    const all = [...streams];
    if (all.length === 0) return;
    if (session.daprdGone || this.#closed) {
      for (const stream of all) session.finish(stream, "peer-closed");
      return;
    }
    session.context.options.gate.appFailed({ kind: "died", detail });
    for (const stream of all) {
      if (stream.class === "delivery" || this.#mayAskAgain(stream)) this.#again(stream, "died");
      else if (answersHealth(session, stream)) void answerHealth(session, stream);
      else session.fail(stream);
    }
  }

  /** daprd has ended the connection: what is kept will never be asked for. */
  daprdLeft(): void {
    for (const stream of [...this.#session.streams.values()]) {
      if (stream.place === "direct") continue;
      stream.detour?.reset(stream, CODE.CANCEL);
      this.#session.finish(stream, stream.place === "kept" ? "parked-closed" : "peer-closed");
    }
  }

  /** See `Relay.abandonParked`. */
  abandon(): void {
    for (const { place, held } of this.#session.streams.values()) {
      if (place === "kept" && held) this.#session.paid(held.discard());
    }
  }

  settingsChanged(): void {
    for (const detour of this.#detours) detour.settingsChanged();
  }

  close(): void {
    this.#closed = true;
    for (const detour of this.#detours) detour.close();
  }

  onHeaders(stream: Stream, fields: readonly HeaderField[], endStream: boolean): void {
    const weighed = stream.answered ? undefined : stream.question?.weigh(stream, fields, endStream);
    if (weighed?.do === "hold") return;
    if (weighed?.do === "again" && this.#mayAskAgain(stream)) {
      if (!endStream) stream.detour?.reset(stream, CODE.CANCEL);
      return void this.#askAgain(stream, weighed.status);
    }
    this.#passHeld(stream);
    this.#passHeaders(stream, fields, endStream);
  }

  /** The head of an answer that was held back for what follows it. */
  #passHeld(stream: Stream): void {
    const head = stream.question?.takeHead();
    if (head) this.#passHeaders(stream, head, false);
  }

  #passHeaders(stream: Stream, fields: readonly HeaderField[], endStream: boolean): void {
    const session = this.#session;
    const again = stream.grpc && stream.headed;
    session.learn(stream, fields);
    session.headed(stream);
    stream.appEnded ||= endStream;
    // Of an answer that broke behind its head, daprd has that already.
    const rest = again ? fields.filter(({ name }) => !name.startsWith(":")) : fields;
    if (!again || endStream) session.daprd.headers(stream.id, rest, endStream);
    session.checkEnd(stream);
  }

  async onData(stream: Stream, payload: Uint8Array, endStream: boolean): Promise<void> {
    const { daprd } = this.#session;
    while (daprd.window < payload.length && this.#session.has(stream)) await daprd.windowGrew.wait();
    if (!this.#session.has(stream)) return;
    this.#passHeld(stream);
    stream.answered = true;
    stream.appEnded ||= endStream;
    stream.learner?.tap(payload, 0, payload.length);
    await daprd.data(stream.id, endStream ? FLAG.END_STREAM : 0, payload, this.#session.line !== null);
    this.#session.checkEnd(stream);
  }

  onReset(stream: Stream, code: number): void {
    if (code === CODE.REFUSED_STREAM && !stream.answered && stream.held?.whole) return this.onUnprocessed(stream);
    if (this.#mayAskAgain(stream)) return this.#askLater(stream);
    this.#session.daprd.reset(stream.id, code);
    this.#session.finish(stream, "finished");
  }

  onWindow(stream: Stream): void {
    const { daprd } = this.#session;
    const more = stream.detour!.initialWindow + stream.grantedByApp - (daprd.initialWindow + stream.granted);
    if (more <= 0 || stream.daprdEnded) return;
    stream.granted += more;
    daprd.grantStream(stream.id, more);
  }

  onUnprocessed(stream: Stream): void {
    stream.detour?.forget(stream);
    if (stream.held?.whole && !stream.answered) return this.#again(stream, null);
    this.#session.daprd.reset(stream.id, CODE.REFUSED_STREAM);
    this.#session.finish(stream, "app-died");
  }

  onUnpaid(bytes: number): void {
    this.#session.paid(bytes);
  }

  #again(stream: Stream, why: ParkReport["why"] | null): void {
    const { held, answered } = stream;
    stream.leave();
    if (this.#mayAskAgain(stream)) return this.#askLater(stream);
    if (answered || !held) return this.keep(stream, "died", "fail");
    if (stream.attempts.cutOff(stream.path, held.whole)) this.keep(stream, why);
    else this.keep(stream, "died", stream.attempts.stays ? "stay" : "fail");
  }

  #mayAskAgain({ question, answered, startedAt, held }: Stream): boolean {
    if (question === null || answered || !held?.whole) return false;
    return isTimeLeft(this.#session.context.options.now() - startedAt);
  }

  async #askAgain(stream: Stream, status: number): Promise<void> {
    this.#takeBack(stream);
    this.#session.context.options.onAskAgain?.({ path: stream.path, status });
    await timeToAskAgain();
    if (this.#stays(stream)) this.keep(stream, null);
  }

  /** The app dropped a question: it waits like a delivery. */
  #askLater(stream: Stream): void {
    this.#takeBack(stream);
    this.keep(stream, "died");
  }

  #takeBack(stream: Stream): void {
    stream.detour?.forget(stream);
    stream.question?.takeHead();
    stream.leave();
    stream.place = "kept";
    stream.detour = null;
  }

  async #carry(stream: Stream, why: ParkReport["why"] | null, fate: Fate): Promise<void> {
    const { gate, ledger } = this.#session.context.options;
    for (;;) {
      if (why !== null && answersHealth(this.#session, stream)) return answerHealth(this.#session, stream);
      if (why !== null && !await this.#park(stream, why, fate)) return;
      if (fate !== "go") return this.#session.fail(stream);
      if (!stream.attempts.mayGo(stream.class)) {
        why = "gate";
        continue;
      }
      stream.lease = ledger.enter(stream.class);
      const detour = await this.#detour();
      while (detour?.state === "wait" && this.#stays(stream)) await detour.changed.wait();
      if (!this.#stays(stream)) return stream.leave();
      const passes = gate.mayPass(stream.class);
      if (detour?.state === "open" && passes) {
        stream.attempts.begin();
        this.#session.daprd.retire();
        return detour.open(stream);
      }
      stream.leave();
      if (!passes) why = "gate";
      else why = detour ? "died" : "refused";
      // It took the connection, and ended it before it could carry anything.
      if (detour?.state === "closed" && !detour.leaving && passes) gate.appFailed({ kind: "died", detail: "closed" });
    }
  }

  /** @returns whether the stream is still there when its class may pass */
  async #park(stream: Stream, why: ParkReport["why"], fate: Fate): Promise<boolean> {
    const { options, waitingRoom, abandoned } = this.#session.context;
    const stay = () => this.#stays(stream);
    const { class: cls, rule } = stream.classified;
    using _lease = options.ledger.park(cls);
    options.onPark?.({ class: cls, rule, path: stream.path, why });
    const waiter: Waiter = { leave: () => {}, passes: () => stream.attempts.mayGo(cls) };
    stream.waiter = waiter;
    if (abandoned && stream.held) this.#session.paid(stream.held.discard());
    await (fate === "stay" ? waitingRoom.stay(cls, waiter, stay) : waitingRoom.pass(cls, waiter, why, stay));
    stream.waiter = null;
    return stay() && !this.#session.context.abandoned;
  }

  #stays(stream: Stream): boolean {
    return this.#session.has(stream) && !this.#closed;
  }

  /** The detour that takes new streams; null if the app refuses the connection. */
  #detour(): Promise<Detour | null> {
    for (const detour of this.#detours) {
      if (detour.state !== "closed") return Promise.resolve(detour);
    }
    return this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
  }

  async #connect(): Promise<Detour | null> {
    const { options, buffers } = this.#session.context;
    const { sockets, app, gate } = options;
    try {
      const detour = new Detour(await sockets.connect(app), buffers, this);
      if (this.#closed) detour.close();
      this.#detours.add(detour);
      this.#follow(detour).catch(this.#onFault);
      return detour;
    } catch (error) {
      gate.appFailed({ kind: "refused", detail: codeOf(error) });
      return null;
    }
  }

  async #follow(detour: Detour): Promise<void> {
    const problem = await detour.run();
    this.#detours.delete(detour);
    this.broke(detour.streams.values(), problemText(problem));
  }
}

/** What ended a connection to the app, for the log. */
export function problemText(problem: unknown): string {
  if (problem === null) return "closed without an answer";
  return problem instanceof Http2Error ? problem.message : codeOf(problem);
}
