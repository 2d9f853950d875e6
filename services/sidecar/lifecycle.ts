/**
 * Holds the state of the sidecar: takes events, wakes up when time alone changes something, and tells what to do.
 * @module
 */
import type { Ledger, TrafficClass } from "../core/ledger.ts";
import { advance, begin } from "../core/phases/machine.ts";
import { type Orders, orders } from "../core/phases/orders.ts";
import type { Event, PhasePolicy, State } from "../core/phases/state.ts";
import type { Clock } from "../host/clock.ts";
import type { AppFailure, Gate } from "./gate.ts";

export type Change = { readonly before: State; readonly after: State; readonly event: Event };

export type LifecycleOptions = {
  readonly policy: PhasePolicy;
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** When the last byte passed an opaque connection, if that is to count as work; null: never, or it does not count. */
  readonly opaqueAt: () => number | null;
  /** When another app's call last came; null: never. */
  readonly calledAt: () => number | null;
  /** Told why, when a connection to the app has ended with work on it. */
  readonly onAppDied?: (detail: string) => void;
};

export class Lifecycle implements Gate {
  #state: State;
  #orders: Orders;
  #queue: Event[] = [];
  #running = false;
  #cancelWake = () => {};
  readonly #gateListeners = new Set<() => void>();
  readonly #changeListeners = new Set<(change: Change) => void>();
  readonly #options: LifecycleOptions;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#state = begin(options.clock.now(), options.policy);
    this.#orders = orders(this.#state, options.policy);
    this.#wakeAt(this.#state.wakeAt);
  }

  get state(): State {
    return this.#state;
  }

  get orders(): Orders {
    return this.#orders;
  }

  /** Takes an event. One that comes while another is being carried out waits its turn. */
  dispatch(event: Event): void {
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#apply(next);
    } finally {
      this.#running = false;
    }
  }

  /** To be called after each change of the ledger. Outside a drain nothing depends on the counts, and it costs nothing. */
  trafficChanged(): void {
    if (this.#state.drain !== null) this.dispatch(this.#traffic());
  }

  /** Calls `listener` after each event that changed the state. */
  onStateChange(listener: (change: Change) => void): void {
    this.#changeListeners.add(listener);
  }

  /** Resolves when `condition` holds; at once if it does already. */
  async until(condition: (state: State, orders: Orders) => boolean): Promise<void> {
    if (condition(this.#state, this.#orders)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (condition(this.#state, this.#orders)) resolve();
    };
    this.#changeListeners.add(check);
    await promise;
    this.#changeListeners.delete(check);
  }

  mayPass(cls: TrafficClass): boolean {
    return this.#orders.pass[cls];
  }

  onChange(listener: () => void): () => void {
    this.#gateListeners.add(listener);
    return () => this.#gateListeners.delete(listener);
  }

  appFailed({ kind, detail }: AppFailure): void {
    if (kind === "died") this.#options.onAppDied?.(detail);
    this.dispatch({ type: "app-failed" });
  }

  #apply(event: Event): void {
    const { clock, policy } = this.#options;
    const before = this.#state;
    let after = advance(before, event, clock.now(), policy);
    // A drain begins with the counts as they are.
    if (before.drain === null && after.drain !== null) after = advance(after, this.#traffic(), clock.now(), policy);
    if (after === before) return;
    this.#state = after;
    const pass = this.#orders.pass;
    this.#orders = orders(after, policy);
    this.#wakeAt(after.wakeAt);
    for (const listener of this.#changeListeners) listener({ before, after, event });
    const now = this.#orders.pass;
    if (pass.call !== now.call || pass.delivery !== now.delivery || pass.opaque !== now.opaque) {
      for (const listener of [...this.#gateListeners]) listener();
    }
  }

  #wakeAt(time: number | null): void {
    this.#cancelWake();
    this.#cancelWake = time === null
      ? () => {}
      : this.#options.clock.after(Math.max(0, Math.ceil(time - this.#options.clock.now())), () =>
        this.dispatch({ type: "tick" }));
  }

  #traffic(): Event {
    const { ledger, opaqueAt, calledAt } = this.#options;
    return {
      type: "traffic",
      deliveries: ledger.inFlight.delivery,
      calls: ledger.inFlight.call,
      parked: ledger.parked.delivery + ledger.parked.call + ledger.parked.opaque,
      opaqueAt: opaqueAt(),
      calledAt: calledAt(),
    };
  }
}
