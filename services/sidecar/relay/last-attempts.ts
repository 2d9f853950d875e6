/**
 * Last attempts, made alone: while one waits no other delivery sets out, and it goes when none is in flight any more.
 * Calls pass: a delivery's own work may depend on them.
 *
 * ```
 *                        a turn is taken             in flight: 0           it is over
 *   all deliveries pass ───────────────▶ none passes ───────────▶ it alone ───────────▶ the next turn, or all pass
 * ```
 * @module
 */
import type { Ledger, TrafficClass } from "../../core/ledger.ts";
import type { AppFailure, Gate } from "../gate.ts";

/** The place of one last attempt among the others. To be disposed when it is over, or not wanted any more. */
export interface Turn extends Disposable {
  /** Whether it may set out now. Who does enters the ledger in the same step. */
  readonly mayGo: boolean;
}

/** A gate before which last attempts have their turns. */
export class LastAttempts implements Gate {
  #gate: Gate;
  #ledger: Ledger;
  /** In the order in which they were taken; the first is the one that goes. */
  #turns: Turn[] = [];
  #listeners = new Set<() => void>();
  #unwatch = () => {};

  constructor(gate: Gate, ledger: Ledger) {
    this.#gate = gate;
    this.#ledger = ledger;
    gate.onChange(() => this.#changed());
  }

  mayPass(cls: TrafficClass): boolean {
    return (this.#turns.length === 0 || cls !== "delivery") && this.#gate.mayPass(cls);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  appFailed(failure: AppFailure): void {
    this.#gate.appFailed(failure);
  }

  /** From now on no other delivery sets out. */
  take(): Turn {
    const isNext = () => this.#turns[0] === turn && this.#isFree;
    const turn: Turn = {
      get mayGo() {
        return isNext();
      },
      [Symbol.dispose]: () => this.#end(turn),
    };
    this.#turns.push(turn);
    if (this.#turns.length === 1) {
      this.#unwatch = this.#ledger.watch(() => {
        if (this.#isFree) this.#changed();
      });
    }
    return turn;
  }

  get #isFree(): boolean {
    return this.#ledger.inFlight.delivery === 0 && this.#gate.mayPass("delivery");
  }

  #end(turn: Turn): void {
    const at = this.#turns.indexOf(turn);
    if (at < 0) return;
    this.#turns.splice(at, 1);
    if (this.#turns.length === 0) this.#unwatch();
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
