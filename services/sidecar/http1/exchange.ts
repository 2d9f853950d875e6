/**
 * One request and its answer.
 *
 * ```
 *         ┌──────────── parked ◀──────────────┐
 *         │ gate                 gate closed, │ the app refused, or died before it answered
 *         ▼                                   │
 *      admitted ──▶ connected ──▶ sent ──▶ answered ──▶ next, or the end of the connection
 * ```
 *
 * **A broken connection** means that the app died, or closed what was idle: see `crossing.ts`.
 *
 * **When the app died.** A call is never repeated: its connection is closed. A delivery of whose answer nothing has
 * passed is parked. With `redeliver` it is sent again when the gate lets it pass, as long as attempts are left (see
 * `relay/attempts.ts`) and its bytes are still here; too large to be kept, it stays parked. Without, or after the last
 * attempt, its connection is closed when the gate passes, and Dapr's own policy decides; in a drain that does not come,
 * and it returns to the broker with daprd's leaving.
 * @module
 */
import { type Classified, classify } from "../../core/classes.ts";
import type { Lease } from "../../core/ledger.ts";
import { codeOf, type Socket } from "../../host/sockets/index.ts";
import type { ParkReport, RequestOutcome } from "../relay/contract.ts";
import { Attempts } from "../relay/attempts.ts";
import type { RelayContext } from "../relay/context.ts";
import type { Inlet } from "../relay/inlet.ts";
import { Answer, type AnswerEnd } from "./answer.ts";
import { isConclusive, mayAskAgain, timeToAskAgain } from "./asked-once.ts";
import { Body } from "./body.ts";
import { Crossing } from "./crossing.ts";
import { type Learner, learnPaths } from "./delivery-paths.ts";
import { HeldRequest } from "./held-request.ts";
import { Intake } from "./intake.ts";
import { CLOSE, LINGER, NEXT, type Next, SPLICE } from "./next.ts";
import { Parking } from "./parking.ts";
import type { RequestHead } from "./request-head.ts";
import { Upstream } from "./upstream.ts";

/** The exchanges of one connection; everything in it is reused from one to the next. */
export class Exchange {
  /** The connection to the app that served last; null if there is none, or it can't serve again. */
  up: Upstream | null = null;
  readonly head: RequestHead;
  readonly request: HeldRequest;
  readonly answer: Answer = new Answer();
  #context: RelayContext;
  #down: Socket;
  #inlet: Inlet;
  #body = new Body();
  #intake: Intake;
  #class: Classified = { class: "call", rule: "method" };
  #startedAt = 0;
  #lease: Lease | null = null;
  #learner: Learner | null = null;
  #sending: Promise<void> | null = null;
  #parking: Parking;
  #attempts: Attempts;
  #closed = false;

  constructor(context: RelayContext, down: Socket, inlet: Inlet, head: RequestHead) {
    this.#context = context;
    this.#down = down;
    this.#inlet = inlet;
    this.head = head;
    this.request = new HeldRequest(context.budget);
    this.#intake = new Intake(inlet, this.#body, this.request);
    this.#intake.onMalformed = () => {
      this.#parking.look();
      this.request.target?.close();
    };
    this.#attempts = new Attempts(context);
    this.#parking = new Parking(context, inlet, this.request, this.#intake, this.#attempts);
  }

  /**
   * Takes up a request whose head is complete, with what has come of its body.
   *
   * @param bodyAt where the head ends in the inlet's bytes
   * @throws {FramingError} if what follows is malformed; nothing of the request has gone to the app then
   */
  begin(bodyAt: number): void {
    const { head, request } = this;
    const inlet = this.#inlet;
    const { options, deliveryPaths } = this.#context;
    const { delivery, call } = options.ledger.inFlight;
    if (head.chunked) this.#body.inChunks();
    else this.#body.ofLength(Math.max(0, head.contentLength));
    const end = this.#body.take(inlet.bytes, bodyAt, inlet.end);

    this.#class = classify(head, deliveryPaths, delivery + call === 0);
    this.#startedAt = options.now();
    if (this.#class.rule === "invocation") this.#context.lastCallAt = this.#startedAt;
    this.#intake.malformed = null;
    this.#learner = this.#sending = null;
    this.answer.begun = this.answer.passed = false;
    request.begin(this.#class.class === "delivery" || head.safe);
    request.append(inlet.bytes, inlet.at, end);
    request.complete = this.#body.done;
    inlet.pinned = true;
    inlet.at = end;
  }

  /** Whether the request may go to the app now. */
  get mayPass(): boolean {
    return this.#context.gate.mayPass(this.#class.class);
  }

  /** From here to `settle`, or to what `carry` makes of it, the request is in flight. */
  enter(): void {
    this.#lease = this.#context.options.ledger.enter(this.#class.class);
  }

  /** The answer has gone to daprd, and the request to the app. */
  settle(): Next {
    this.#leave();
    return this.#end(this.#over("finished", this.#reuse()));
  }

  /** daprd takes nothing any more. */
  unwanted(): Next {
    this.#leave();
    this.#drop();
    return this.#end(this.#over("peer-closed", CLOSE));
  }

  /**
   * Carries the request through all that may come.
   *
   * @param sent it has gone to `up`, or at least begun to
   */
  async carry(sent: boolean): Promise<Next> {
    return this.#end(await this.#carry(sent));
  }

  /** Sends what is here of the request, and the rest as it comes. @param sent bytes of it that have been sent */
  send(up: Upstream, sent: number): void {
    this.#sending = this.#send(up, sent);
  }

  /** daprd has closed its connection, or its sending half. */
  daprdLeft(): void {
    this.#parking.look();
    if (this.#inlet.failure !== null) this.up?.close();
    else this.request.target?.closeWrite();
  }

  /** See `Relay.abandonParked`. */
  abandonParked(): void {
    this.#parking.abandon();
  }

  close(): void {
    this.#closed = true;
    this.#parking.close();
    this.#leave();
    this.#attempts.end();
    this.up?.close();
  }

  /** Reads what is left of a request that was answered early, and keeps none of it. */
  async drain(): Promise<void> {
    this.request.discard();
    if (!this.#intake.done) await this.#intake.run();
  }

  async #carry(sent: boolean): Promise<Next> {
    const { gate, now, redeliver = null } = this.#context.options;
    const { class: cls } = this.#class;
    let why: ParkReport["why"] | null = null;
    const crossing = new Crossing();
    for (;; sent = false) {
      if (why !== null && !await this.#park(why, false)) return this.#refused() ?? this.#over("parked-closed", CLOSE);
      if (!sent && !this.#attempts.mayGo(cls)) {
        why = "gate";
        continue;
      }
      const sentAt = sent ? this.#startedAt : now();
      const end = await this.#attempt(sent, cls === "delivery" && redeliver !== null);
      if (end === "finished") return await this.#finish();
      if (end === "refused") {
        if (crossing.refuted() && cls === "delivery" && !this.#again()) return await this.#giveUp();
        why = "refused";
        continue;
      }
      if (end === "upgraded") return this.#over("finished", SPLICE);
      const { up } = this;
      this.#drop();
      const refused = this.#refused();
      if (refused) return refused;
      // An app that gives up because daprd has is well.
      if (end === "unwanted" || this.#inlet.ended || this.#closed) return this.#over("peer-closed", CLOSE);
      if (end === "unacceptable") {
        why = null;
        await timeToAskAgain();
        continue;
      }
      if (end === "malformed") return this.#over("bad-response", this.#refusal(502, this.answer.problem));
      const mayGo = cls !== "delivery" || this.#attempts.mayGo(cls);
      if (crossing.isOne(up?.used ?? false, this.answer.begun, now() - sentAt, mayGo)) {
        if (!this.request.whole) return this.#over("app-died", CLOSE);
        why = null;
        continue;
      }
      gate.appFailed({
        kind: "died",
        detail: up?.inlet.failure ? codeOf(up.inlet.failure) : "closed without an answer",
      });
      const asked = !this.answer.passed && this.#mayAskAgain;
      if (!asked && (cls !== "delivery" || this.answer.passed)) return this.#over("app-died", CLOSE);
      if (!asked && !this.#again()) return await this.#giveUp();
      why = "died";
    }
  }

  /** From the request's going to the app to the end of the answer: what the ledger calls in flight. */
  async #attempt(sent: boolean, holdBack: boolean): Promise<AnswerEnd | "refused"> {
    using _lease = this.#lease ?? this.#context.options.ledger.enter(this.#class.class);
    this.#lease = null;
    const up = sent ? this.up : this.#usable() ?? await this.#connect();
    if (!up) return "refused";
    this.#attempts.begin();
    if (!sent) {
      up.begin();
      this.send(up, 0);
    }
    const end = await this.answer.relay(up.inlet, this.#down, this.head, holdBack, this.#accepts, this.#tapFor);
    // Another protocol begins where the request ends.
    return end === "upgraded" && !this.request.complete ? "malformed" : end;
  }

  #leave(): void {
    this.#lease?.[Symbol.dispose]();
    this.#lease = null;
  }

  #park(why: ParkReport["why"], forever: boolean): Promise<boolean> {
    return this.#parking.wait(this.#class, this.head, why, forever);
  }

  #usable(): Upstream | null {
    if (this.up && !this.up.usable) this.#drop();
    return this.up;
  }

  async #connect(): Promise<Upstream | null> {
    const { sockets, app, gate } = this.#context.options;
    try {
      this.up = new Upstream(await sockets.connect(app), this.#context.buffers);
    } catch (error) {
      gate.appFailed({ kind: "refused", detail: codeOf(error) });
      return null;
    }
    if (this.#closed) this.up.close();
    return this.up;
  }

  async #send(up: Upstream, sent: number): Promise<void> {
    const { request } = this;
    try {
      await request.sendTo(up.socket, sent);
    } catch {
      return; // The answer, or its absence, tells what this means.
    }
    if (request.target !== up.socket) return;
    if (!request.whole) this.#inlet.unpin();
    if (this.#inlet.ended) this.daprdLeft();
    else if (request.complete) this.#inlet.watch();
    else void this.#intake.run();
  }

  get #mayAskAgain(): boolean {
    return this.request.whole && mayAskAgain(this.head, this.#context.options.now() - this.#startedAt);
  }

  #accepts = (status: number): boolean => {
    const accepted = isConclusive(status) || !this.#mayAskAgain;
    if (!accepted) this.#context.options.onAskAgain?.({ path: this.head.path, status });
    return accepted;
  };

  #tapFor = () => {
    this.#learner = learnPaths(this.#context.deliveryPaths, this.head, this.answer.head.status);
    return this.#learner?.tap ?? null;
  };

  async #finish(): Promise<Next> {
    this.#report("finished");
    void this.#learner?.learn();
    if (!this.#closes) {
      if (!this.request.target) await this.#sending;
      // Answered early, the rest belongs to this request all the same; it is not to be sent again.
      await this.drain();
      if (!this.request.complete) return CLOSE;
    }
    return this.#reuse();
  }

  get #closes(): boolean {
    return this.answer.closes || !this.head.persistent;
  }

  #reuse(): Next {
    if (!this.#closes && this.request.target && this.up?.usable) this.up.idle();
    else this.#drop();
    return this.#closes ? LINGER : NEXT;
  }

  #end(next: Next): Next {
    this.request.end();
    this.#attempts.end();
    this.#inlet.unpin();
    return next;
  }

  /** The app did not survive a delivery. @returns whether it is to go again */
  #again(): boolean {
    return this.#attempts.cutOff(this.head.path, this.request.whole);
  }

  /** Holds what is not sent again, so that it is no failure as long as that can be avoided. */
  async #giveUp(): Promise<Next> {
    await this.#park("died", this.#attempts.stays);
    return this.#over(this.#inlet.ended ? "parked-closed" : "app-died", CLOSE);
  }

  #refused(): Next | null {
    const { malformed } = this.#intake;
    return malformed && this.#over("bad-request", this.#refusal(400, malformed.message));
  }

  #refusal(status: 400 | 502, problem: string): Next {
    return this.answer.passed ? CLOSE : { do: "refuse", status, problem };
  }

  #drop(): void {
    this.up?.close();
    this.up = null;
  }

  #over(outcome: RequestOutcome, next: Next): Next {
    this.#report(outcome);
    return next;
  }

  #report(outcome: RequestOutcome): void {
    const { onRequest, now } = this.#context.options;
    if (!onRequest) return;
    onRequest({ class: this.#class.class, rule: this.#class.rule, outcome, ms: now() - this.#startedAt });
  }
}
