/**
 * How often a delivery may reach the app, and what becomes of one that the app did not survive.
 *
 * A crash says nothing about which of the deliveries in flight has caused it. If each were counted to the last attempt,
 * a message that kills the app would take with it all that were beside it every time. So the last attempt is made alone
 * (`last-attempts.ts`): who dies there has killed nobody but itself.
 * @module
 */
import type { TrafficClass } from "../../core/ledger.ts";
import type { RelayContext } from "./context.ts";
import type { Turn } from "./last-attempts.ts";

/** After a crash: sent again, sent again alone, left to Dapr's own policy, or parked for good. */
export type Fate = "again" | "alone" | "give-up" | "stay";

/**
 * @param cut how many attempts the app did not survive, at least 1
 * @param whole whether the request is still here from its first byte
 * @param redeliver `limit`: attempts in all; null: nothing is sent again
 */
export function fateAfter(cut: number, whole: boolean, redeliver: { readonly limit: number } | null): Fate {
  if (redeliver === null) return "give-up";
  // Failing what DAPS had no room for would be DAPS's doing; daprd's leaving brings it back to the broker.
  if (!whole) return "stay";
  if (cut >= redeliver.limit) return "give-up";
  return cut === redeliver.limit - 1 ? "alone" : "again";
}

/** The attempts at one request after another. */
export class Attempts {
  #context: RelayContext;
  #cut = 0;
  #turn: Turn | null = null;
  #fate: Fate = "again";

  constructor(context: RelayContext) {
    this.#context = context;
  }

  /** Whether the request may set out now; one that is given up, whether it may fail: it waits for no other's turn. */
  mayGo(cls: TrafficClass): boolean {
    if (this.#fate === "give-up") return this.#context.options.gate.mayPass(cls);
    return this.#turn ? this.#turn.mayGo : this.#context.gate.mayPass(cls);
  }

  /** It goes to the app. */
  begin(): void {
    if (this.#cut > 0) this.#context.options.onRedeliver?.();
  }

  /**
   * The app did not survive it.
   *
   * @param whole see `fateAfter`
   * @returns whether it is to go again
   */
  cutOff(path: string, whole: boolean): boolean {
    const { options, gate } = this.#context;
    const fate = fateAfter(++this.#cut, whole, options.redeliver ?? null);
    this.#fate = fate;
    if (fate === "alone") this.#turn ??= gate.take();
    else this.#leave();
    options.onCut?.({ path, cut: this.#cut, fate });
    return fate === "again" || fate === "alone";
  }

  /** Whether it is parked for good. */
  get stays(): boolean {
    return this.#fate === "stay";
  }

  /** The request is over; the next one may begin. */
  end(): void {
    if (this.#cut === 0) return;
    this.#cut = 0;
    this.#fate = "again";
    this.#leave();
  }

  #leave(): void {
    this.#turn?.[Symbol.dispose]();
    this.#turn = null;
  }
}
