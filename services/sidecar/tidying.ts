/**
 * Gives memory back when there is nothing else to do: after the start, and after each load. The engine alone would keep
 * it, for the next load, which in a sidecar may be hours away.
 * @module
 */
import { type Ledger, total } from "../core/ledger.ts";
import type { Clock } from "../host/clock.ts";

/** How long nothing must have come or gone, in ms. */
const QUIET_MS = 2_000;

/** @param collect called when there was work (the start is some) and has been none since */
export function tidyWhenQuiet(ledger: Ledger, clock: Clock, collect: () => void): void {
  let seen = -1;
  let tidy = false;
  const look = (): void => {
    const done = total(ledger.finished);
    const quiet = done === seen && total(ledger.inFlight) === 0;
    if (!quiet) tidy = false;
    else if (!tidy) {
      tidy = true;
      collect();
    }
    seen = done;
    clock.after(QUIET_MS, look);
  };
  look();
}
