/** A sidecar whose time and events a test gives. @module */
import { advance, begin } from "../../services/core/phases/machine.ts";
import { type Orders, orders } from "../../services/core/phases/orders.ts";
import type { Event, PhasePolicy, State } from "../../services/core/phases/state.ts";
import type { HookName } from "../../services/core/sidecar-config.ts";
import { POLICY } from "./phase-policy.ts";

export const ready: Event = { type: "ready" };
export const idle: Event = { type: "busy", busy: false };
export const busy: Event = { type: "busy", busy: true };
export const appGone: Event = { type: "app-gone" };
export const daprdGone: Event = { type: "daprd-gone" };
export const sigterm: Event = { type: "sigterm" };
export const hook = (name: HookName): Event => ({ type: "hook", name });
export const traffic = (counts: Partial<Omit<Extract<Event, { type: "traffic" }>, "type">>): Event => ({
  type: "traffic",
  deliveries: 0,
  calls: 0,
  parked: 0,
  opaqueAt: null,
  calledAt: null,
  ...counts,
});

/** A sidecar whose time a test moves; it wakes up by itself when the machine asked for it. */
export class Sidecar {
  state: State;
  now = 0;
  readonly policy: PhasePolicy;
  constructor(policy: Partial<PhasePolicy> = {}) {
    this.policy = { ...POLICY, ...policy };
    this.state = begin(0, this.policy);
  }
  take(...events: readonly Event[]): this {
    for (const event of events) this.state = advance(this.state, event, this.now, this.policy);
    return this;
  }
  /** Lets time pass up to `to`, waking up on the way. */
  at(to: number): this {
    while (this.state.wakeAt !== null && this.state.wakeAt <= to) {
      this.now = Math.max(this.now, this.state.wakeAt);
      this.take({ type: "tick" });
    }
    this.now = to;
    return this;
  }
  get phase(): string {
    return this.state.phase;
  }
  get orders(): Orders {
    return orders(this.state, this.policy);
  }
  get hold(): HookName[] {
    return [...this.orders.hold].toSorted();
  }
  get pass(): Orders["pass"] {
    return this.orders.pass;
  }
}

export const deletion: readonly Event[] = [hook("app"), hook("daprd"), hook("daps")];
export const serving = (policy: Partial<PhasePolicy> = {}): Sidecar => new Sidecar(policy).take(ready);
