/**
 * Where requests wait until the gate lets their class pass.
 * @module
 */
import type { TrafficClass } from "../../core/ledger.ts";
import type { Gate } from "../gate.ts";

/** One that waits. `leave` ends its waiting early. */
export type Waiter = { leave: () => void };

export class WaitingRoom {
  #gate: Gate;
  #waiting = new Map<Waiter, TrafficClass>();

  constructor(gate: Gate) {
    this.#gate = gate;
    gate.onChange(() => this.#admit());
  }

  /** Resolves when the gate says that it has changed for the better, or when `waiter.leave` is called. */
  wait(cls: TrafficClass, waiter: Waiter): Promise<void> {
    return new Promise((resolve) => {
      waiter.leave = () => {
        if (this.#waiting.delete(waiter)) resolve();
      };
      this.#waiting.set(waiter, cls);
    });
  }

  /** In the order in which they came. */
  #admit(): void {
    for (const [waiter, cls] of this.#waiting) {
      if (this.#gate.mayPass(cls)) waiter.leave();
    }
  }
}
