/**
 * Where requests wait until the gate lets their class pass.
 * @module
 */
import type { TrafficClass } from "../../core/ledger.ts";
import type { Gate } from "../gate.ts";
import type { ParkReport } from "./contract.ts";

/** How long to wait before connecting again if the gate stays open after a refusal, in ms: as often as Dapr pings. */
const RETRY_MS = 100;

export type Waiter = {
  /** Makes it look whether it still wants to wait. */
  leave: () => void;
  /** Whether it may go; without it, whatever the gate says of its class. */
  readonly passes?: () => boolean;
};

export class WaitingRoom {
  #gate: Gate;
  #waiting = new Map<Waiter, TrafficClass>();

  constructor(gate: Gate) {
    this.#gate = gate;
    gate.onChange(() => this.#admit());
  }

  /**
   * Resolves when the gate lets `cls` pass, or when `stay` does not hold any more; it is looked at after `leave`.
   *
   * @param why after a failure of the app, an open gate is not trusted at once
   */
  async pass(cls: TrafficClass, waiter: Waiter, why: ParkReport["why"], stay: () => boolean): Promise<void> {
    if (why !== "gate" && stay() && this.#passes(cls, waiter)) {
      const timer = setTimeout(() => waiter.leave(), RETRY_MS);
      await this.#change(cls, waiter);
      clearTimeout(timer);
    }
    while (stay() && !this.#passes(cls, waiter)) await this.#change(cls, waiter);
  }

  /** Resolves when `stay` does not hold any more; it is looked at after `leave`, and when the gate opens. */
  async stay(cls: TrafficClass, waiter: Waiter, stay: () => boolean): Promise<void> {
    while (stay()) await this.#change(cls, waiter);
  }

  #change(cls: TrafficClass, waiter: Waiter): Promise<void> {
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
      if (this.#passes(cls, waiter)) waiter.leave();
    }
  }

  #passes(cls: TrafficClass, { passes }: Waiter): boolean {
    return passes ? passes() : this.#gate.mayPass(cls);
  }
}
