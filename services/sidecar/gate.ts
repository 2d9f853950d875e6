/**
 * What the relay asks before each request, and tells after each failure. The lifecycle answers; the relay never knows
 * which phase it is in.
 * @module
 */
import type { TrafficClass } from "../core/ledger.ts";

export interface Gate {
  /** Whether a request (for `opaque`: a new connection) of this class may go to the app now; if not, it is parked. */
  mayPass(cls: TrafficClass): boolean;
  /** Calls `listener` whenever an answer of `mayPass` may have changed. Returns how to stop that. */
  onChange(listener: () => void): () => void;
  /** The app refused a connection, or one died in the middle of an exchange. From then on nothing passes until it is ready again. */
  appFailed(failure: AppFailure): void;
}

export type AppFailure = {
  readonly kind: "refused" | "died";
  /** What the operating system or the observer said. */
  readonly detail: string;
};
