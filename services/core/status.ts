/**
 * What `/status` answers, and what the CLI shows.
 * @module
 */
import type { Counts } from "./ledger.ts";

/** In the order of a pod's life; `recovering` and `serving` may alternate. */
export const PHASES = ["gating", "serving", "recovering", "draining", "leaving", "forced", "gone"] as const;

export type Phase = (typeof PHASES)[number];

export type Status = {
  readonly phase: Phase;
  /** When the phase began, RFC 3339. */
  readonly since: string;
  readonly inFlight: Counts;
  /** Requests that wait in DAPS. */
  readonly parked: number;
  readonly busy: {
    /** What decides: the app's endpoint, or the count of what is in flight alone. */
    readonly source: "endpoint" | "in-flight";
    readonly value: boolean;
    readonly reason: string | null;
  };
  /** For people; null when nothing is waited for. */
  readonly waitingFor: string | null;
  /** When DAPS lets go whatever runs, RFC 3339; null outside a drain. */
  readonly deadline: string | null;
};
