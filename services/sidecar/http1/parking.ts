/** A request that waits: neither answered nor refused, and its connection watched. @module */
import type { Classified, RequestHead } from "../../core/classes.ts";
import type { ParkReport } from "../relay/contract.ts";
import type { Attempts } from "../relay/attempts.ts";
import type { RelayContext } from "../relay/context.ts";
import type { Inlet } from "../relay/inlet.ts";
import type { Waiter } from "../relay/waiting-room.ts";
import type { HeldRequest } from "./held-request.ts";
import type { Intake } from "./intake.ts";

export class Parking {
  #context: RelayContext;
  #inlet: Inlet;
  #request: HeldRequest;
  #intake: Intake;
  #attempts: Attempts;
  #waiter: Waiter | null = null;
  #closed = false;

  constructor(context: RelayContext, inlet: Inlet, request: HeldRequest, intake: Intake, attempts: Attempts) {
    this.#context = context;
    this.#inlet = inlet;
    this.#request = request;
    this.#intake = intake;
    this.#attempts = attempts;
  }

  /**
   * Holds the request until the gate lets it pass.
   *
   * @param forever until daprd leaves, even if the gate opens
   * @returns whether it may go on: false if daprd left, or the request proved malformed or can't be sent any more, or if
   * it is Dapr's app-health probe, which need not wait, as DAPS answers it
   */
  async wait(
    classified: Classified,
    { method, path }: Pick<RequestHead, "method" | "path">,
    why: ParkReport["why"],
    forever: boolean,
  ): Promise<boolean> {
    const { options, waitingRoom, abandoned } = this.#context;
    if (method === "GET" && path === options.health?.path && options.health.answers()) return false;
    const { class: cls, rule } = classified;
    const inlet = this.#inlet;
    const stay = () => !inlet.ended && !this.#closed && this.#intake.malformed === null;
    if (!stay()) return false;
    using _lease = options.ledger.park(cls);
    options.onPark?.({ class: cls, rule, path, why });
    const waiter: Waiter = { leave: () => {}, passes: () => this.#attempts.mayGo(cls) };
    this.#waiter = waiter;
    if (abandoned) this.#request.discard();
    if (this.#request.complete) void inlet.readAhead();
    else void this.#intake.run();
    await (forever ? waitingRoom.stay(cls, waiter, stay) : waitingRoom.pass(cls, waiter, why, stay));
    this.#waiter = null;
    inlet.stopReadingAhead();
    return stay() && this.#request.whole;
  }

  /** Looks again whether the request still has to wait. */
  look(): void {
    this.#waiter?.leave();
  }

  /** See `Relay.abandonParked`. */
  abandon(): void {
    if (!this.#waiter) return;
    this.#request.discard();
    if (!this.#request.complete) void this.#intake.run();
  }

  /** Ends the waiting, for good. */
  close(): void {
    this.#closed = true;
    this.abandon();
    this.look();
  }
}
