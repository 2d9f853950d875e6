import { describe, expect, it } from "vitest";
import { type Clock, sleep, systemClock } from "../../services/host/clock.ts";

describe("sleep()", () => {
  function manual() {
    const pending = new Map<() => void, number>();
    const clock: Clock = {
      now: () => 0,
      wall: () => new Date(0),
      after(ms, callback) {
        pending.set(callback, ms);
        return () => void pending.delete(callback);
      },
    };
    return { clock, pending };
  }

  it("resolves when its time has come", async () => {
    const { clock, pending } = manual();
    const slept = sleep(clock, 250);
    const [[callback, ms] = []] = pending;
    expect(ms).toBe(250);
    callback?.();
    await slept;
  });

  it("resolves at once when it is aborted, and leaves no timer", async () => {
    const { clock, pending } = manual();
    const abort = new AbortController();
    const slept = sleep(clock, 250, abort.signal);
    expect(pending.size).toBe(1);
    abort.abort();
    await slept;
    expect(pending.size).toBe(0);
    await sleep(clock, 250, abort.signal);
    expect(pending.size).toBe(0);
  });
});

describe("systemClock", () => {
  it("calls back after the time, and never before", async () => {
    const start = systemClock.now();
    await sleep(systemClock, 5);
    // Timers are rounded to the millisecond.
    expect(systemClock.now() - start).toBeGreaterThanOrEqual(4);
  });

  it("does not call back what is cancelled", async () => {
    let called = false;
    const cancel = systemClock.after(0, () => {
      called = true;
    });
    cancel();
    await sleep(systemClock, 1);
    expect(called).toBe(false);
  });
});
