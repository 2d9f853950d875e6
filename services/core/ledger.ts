/**
 * The one count of what is in flight between Dapr and the app.
 * @module
 */

/** What the relay carries: something Dapr delivers, a call, or bytes it can't look into. */
export type TrafficClass = "delivery" | "call" | "opaque";

export const TRAFFIC_CLASSES: readonly TrafficClass[] = ["delivery", "call", "opaque"];

/** How many are there, by class. */
export type Counts = Readonly<Record<TrafficClass, number>>;

/** A place in the ledger, given back by disposing it. Disposing twice counts once. */
export type Lease = Disposable;

const none = (): Record<TrafficClass, number> => ({ delivery: 0, call: 0, opaque: 0 });

/**
 * Counts what is in flight and what is parked. The relay enters, the drain, the metrics and `/status` read.
 *
 * @example
 * ```ts
 * using _lease = ledger.enter("delivery"); // from the request's head to the end of its response
 * ```
 */
export class Ledger {
  #inFlight = none();
  #parked = none();
  #finished = none();
  #watchers = new Set<() => void>();
  #onChange: () => void;

  /** @param onChange called after each change of a count; it must not throw */
  constructor(onChange: () => void = () => {}) {
    this.#onChange = () => {
      onChange();
      if (this.#watchers.size > 0) { for (const watcher of this.#watchers) watcher(); }
    };
  }

  /**
   * Calls `watcher` after each change of a count, for those who look only now and then; it must not throw.
   *
   * @returns how to stop that
   */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** From a request's head to the end of its response. */
  enter(cls: TrafficClass): Lease {
    return this.#lease(this.#inFlight, cls, this.#finished);
  }

  /** While a request waits in DAPS: neither answered nor refused. */
  park(cls: TrafficClass): Lease {
    return this.#lease(this.#parked, cls);
  }

  get inFlight(): Counts {
    return this.#inFlight;
  }

  get parked(): Counts {
    return this.#parked;
  }

  /** Leases given back since the start. */
  get finished(): Counts {
    return this.#finished;
  }

  #lease(counts: Mutable, cls: TrafficClass, finished: Mutable | null = null): Lease {
    counts[cls]++;
    this.#onChange();
    return new Place(counts, cls, finished, this.#onChange);
  }
}

type Mutable = Record<TrafficClass, number>;

/** A class, because an object with a computed key costs every request a call into the engine's slow paths. */
class Place implements Disposable {
  #counts: Mutable;
  #class: TrafficClass;
  #finished: Mutable | null;
  #onChange: () => void;
  #open = true;

  constructor(counts: Mutable, cls: TrafficClass, finished: Mutable | null, onChange: () => void) {
    this.#counts = counts;
    this.#class = cls;
    this.#finished = finished;
    this.#onChange = onChange;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#counts[this.#class]--;
    if (this.#finished) this.#finished[this.#class]++;
    this.#onChange();
  }
}

/** The sum over all classes. */
export function total(counts: Counts): number {
  return counts.delivery + counts.call + counts.opaque;
}
