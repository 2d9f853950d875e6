/**
 * A state of the sidecar in words: what it waits for, how its drain ended.
 * @module
 */
import type { Busy } from "./busy.ts";
import { formatDuration } from "./duration.ts";
import type { State } from "./phases/state.ts";
import { type Counts, total } from "./ledger.ts";
import type { Status } from "./status.ts";

/** What the state waits for, for people; null: for nothing. */
export function waitingFor(state: State, busy: Busy): string | null {
  switch (state.phase) {
    case "gating":
    case "recovering":
      return "the app to be ready";
    case "draining":
      return stillRunning(state, busy) ?? "the app to stay idle";
    case "leaving":
    case "forced":
      return `${nextToEnd(state)} to end`;
    default:
      return null;
  }
}

/** What runs in the app, for people; null: nothing. */
export function stillRunning(state: State, busy: Busy): string | null {
  const running: string[] = [];
  if (state.deliveries > 0) {
    running.push(`${state.deliveries} ${state.deliveries === 1 ? "delivery" : "deliveries"} in flight`);
  }
  if (state.calls > 0) running.push(`${state.calls} ${state.calls === 1 ? "call" : "calls"} in flight`);
  if (busy.value) running.push(`the app is busy${busy.reason === null ? "" : ` (${busy.reason})`}`);
  return running.length > 0 ? running.join(", ") : null;
}

/** Whose end comes next, for people, when all the work is done. */
export function nextToEnd({ appGone }: State): string {
  return appGone ? "daprd" : "the app";
}

export type DrainReport = {
  /** From the first hook to the end of the app's work, ms. */
  readonly ms: number;
  /** Deliveries finished in that time. */
  readonly finished: number;
  readonly parked: number;
  readonly forced: boolean;
  /** What was still there when the time ran out; null: nothing that can be seen, or the drain was not forced. */
  readonly left: string | null;
};

/** The termination message: one line. */
export function drainMessage({ ms, finished, parked, forced, left }: DrainReport): string {
  const end = forced ? `yes${left === null ? "" : ` (${left})`}` : "no";
  return `drained in ${
    formatDuration(Math.round(ms / 100) * 100)
  }, ${finished} finished, ${parked} parked, forced: ${end}`;
}

/** @param wallNow the time of day that belongs to `now`, ms since 1970 */
export function statusOf(
  state: State,
  inFlight: Counts,
  parked: Counts,
  busy: Busy,
  now: number,
  wallNow: number,
): Status {
  const wall = (time: number) => new Date(wallNow + time - now).toISOString();
  return {
    phase: state.phase,
    since: wall(state.since),
    inFlight: { ...inFlight },
    parked: total(parked),
    busy,
    waitingFor: waitingFor(state, busy),
    deadline: typeof state.drain?.deadline === "number" ? wall(state.drain.deadline) : null,
  };
}
