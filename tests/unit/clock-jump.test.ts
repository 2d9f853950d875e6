/**
 * The wall clock of a node jumps, by an hour or a day: what the sidecar waits for counts on the clock that never goes
 * back, so nothing comes sooner or later. No test sets a system's clock; the clock is passed in.
 */
import { describe, expect, it } from "vitest";
import { Ledger } from "../../services/core/ledger.ts";
import type { Clock } from "../../services/host/clock.ts";
import { Lifecycle } from "../../services/sidecar/lifecycle.ts";
import { POLICY } from "../support/phase-policy.ts";

const HOUR_MS = 3_600_000;

/** Time that a test moves, with a time of day that jumps when it likes. */
class Times implements Clock {
  wallMs = Date.UTC(2026, 0, 1);
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  now = () => this.#now;
  wall = () => new Date(this.wallMs);

  after = (ms: number, callback: () => void) => {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  pass(ms: number): void {
    const end = this.#now + ms;
    for (let due = this.#due(end); due !== undefined; due = this.#due(end)) {
      this.#timers.delete(due);
      this.#now = due.at;
      due.callback();
    }
    this.wallMs += ms;
    this.#now = end;
  }

  #due(end: number) {
    return [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}

/** The phases of a drain whose app stays busy, with when they began, until it is forced. */
function drain(jumpMs: number): [phase: string, at: number][] {
  const clock = new Times();
  const lifecycle = new Lifecycle({
    clock,
    ledger: new Ledger(),
    opaqueAt: () => null,
    calledAt: () => null,
    policy: { ...POLICY, readyTimeoutMs: 60_000 },
  });
  const course: [string, number][] = [[lifecycle.state.phase, 0]];
  lifecycle.onStateChange(({ before, after }) => {
    if (before.phase !== after.phase) course.push([after.phase, clock.now()]);
  });
  lifecycle.dispatch({ type: "ready" });
  clock.pass(5000);
  clock.wallMs += jumpMs;
  for (const name of ["app", "daprd", "daps"] as const) lifecycle.dispatch({ type: "hook", name });
  lifecycle.dispatch({ type: "busy", busy: true });
  clock.pass(10_000);
  clock.wallMs -= 2 * jumpMs;
  clock.pass(60_000);
  return course;
}

describe("a drain", () => {
  it.each([["forward", HOUR_MS], ["back", -HOUR_MS], ["forward by a day", 24 * HOUR_MS]])(
    "is the same when the wall clock jumps %s and later the other way",
    (_, jumpMs) => {
      const steady = drain(0);
      expect(steady.map(([phase]) => phase)).toEqual(["gating", "serving", "draining", "forced", "gone"]);
      expect(steady[3]).toEqual(["forced", 5000 + 60_000 - 3000]);
      expect(drain(jumpMs)).toEqual(steady);
    },
  );
});
