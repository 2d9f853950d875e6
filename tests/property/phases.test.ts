import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advance, begin } from "../../services/core/phases/machine.ts";
import { orders } from "../../services/core/phases/orders.ts";
import type { Event, PhasePolicy, State } from "../../services/core/phases/state.ts";

const bool = fc.boolean();

const policies: fc.Arbitrary<PhasePolicy> = fc.record({
  readyTimeoutMs: fc.option(fc.integer({ min: 1000, max: 120_000 })),
  appHeld: bool,
  settleMs: fc.integer({ min: 0, max: 5000 }),
  callDrainMs: fc.integer({ min: 0, max: 20_000 }),
  restartDrainMs: fc.integer({ min: 0, max: 60_000 }),
  drainMarginMs: fc.integer({ min: 1000, max: 60_000 }),
  gracePeriodMs: fc.integer({ min: 1, max: 600 }).map((s) => s * 1000),
  daprdNative: bool,
  daprdStop: fc.constantFrom("auto", "graceful", "prompt"),
  job: bool,
});

const count = fc.integer({ min: 0, max: 3 });
const events: fc.Arbitrary<Event> = fc.oneof(
  fc.constantFrom<Event[]>(
    { type: "ready" },
    { type: "daprd-up" },
    { type: "app-failed" },
    { type: "app-gone" },
    { type: "app-finished" },
    { type: "daprd-gone" },
    { type: "sigterm" },
    { type: "tick" },
    { type: "busy", busy: true },
    { type: "busy", busy: false },
    { type: "hook", name: "app" },
    { type: "hook", name: "daprd" },
    { type: "hook", name: "daps" },
  ),
  fc.record({
    type: fc.constant("traffic" as const),
    deliveries: count,
    calls: count,
    parked: count,
    opaqueAt: fc.option(fc.integer({ min: 0, max: 1000 })),
    calledAt: fc.option(fc.integer({ min: 0, max: 100_000 })),
  }),
);

/** An event, and how long after the one before it comes, in ms. */
const histories = fc.array(
  fc.tuple(events, fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 90_000 }))),
  {
    maxLength: 40,
  },
);

/** The drain of an app that has nothing to do but for a call that does not end. */
const called: readonly (readonly [Event, number])[] = [
  [{ type: "ready" }, 0],
  [{ type: "hook", name: "app" }, 0],
  [{ type: "hook", name: "daps" }, 0],
  [{ type: "busy", busy: false }, 0],
  [{ type: "traffic", deliveries: 0, calls: 1, parked: 0, opaqueAt: null, calledAt: 0 }, 0],
];

type Seen = { readonly before: State; readonly after: State; readonly event: Event; readonly now: number };

/** Runs a history, with the wake-ups that the machine asks for; every step is shown to `look`. */
function run(
  policy: PhasePolicy,
  history: readonly (readonly [Event, number])[],
  look: (seen: Seen) => void,
): { state: State; now: number } {
  let now = 0;
  let state = begin(0, policy);
  const take = (event: Event): void => {
    const before = state;
    state = advance(before, event, now, policy);
    look({ before, after: state, event, now });
  };
  const passTime = (until: number): void => {
    for (let wakes = 0; state.wakeAt !== null && state.wakeAt <= until; wakes++) {
      if (wakes > 1000) throw new Error(`Cannot pass time: the machine wakes up for nothing at ${state.wakeAt}`);
      now = Math.max(now, state.wakeAt);
      take({ type: "tick" });
    }
    now = until;
  };
  for (const [event, after] of history) {
    passTime(now + after);
    take(event);
  }
  passTime(now + 86_400_000);
  return { state, now };
}

const over = (check: (policy: PhasePolicy, history: [Event, number][]) => void): void => {
  fc.assert(fc.property(policies, histories, check), { numRuns: 2000 });
};

describe("whatever happens, in whatever order", () => {
  test("the relay's port, once open, stays open", () => {
    over((policy, history) => {
      run(policy, history, ({ before, after }) => {
        if (before.relayOpen) expect(after.relayOpen).toBe(true);
      });
    });
  });

  test("a hook of daprd is not answered before the app is gone, unless forced or daprd alone is restarted", () => {
    over((policy, history) => {
      run(policy, history, ({ after }) => {
        const open = after.hooks.has("daprd") && !orders(after, policy).hold.has("daprd");
        // A native one has none.
        if (!open || policy.daprdNative || after.drain?.cause === "restart-daprd") return;
        expect(after.appGone || after.daprdGone || after.drain?.forcedAt !== null || after.reason.includes("SIGTERM"))
          .toBe(true);
      });
    });
  });

  test("DAPS's own hook is not answered before daprd is gone, or the app may go if daprd is native, unless forced", () => {
    over((policy, history) => {
      run(policy, history, ({ after }) => {
        if (!after.hooks.has("daps") || orders(after, policy).hold.has("daps")) return;
        if (policy.daprdNative && after.drain?.releasedAt != null) return;
        // Or DAPS had ended its work before, on a SIGTERM that no hook came with.
        expect(after.daprdGone || after.drain?.forcedAt !== null || after.reason === "drained after SIGTERM").toBe(
          true,
        );
      });
    });
  });

  test("the app's hook is not answered while a delivery is in flight, unless the app is gone, forced or restarted", () => {
    over((policy, history) => {
      run(policy, history, ({ before, after, event }) => {
        const released = orders(before, policy).hold.has("app") && !orders(after, policy).hold.has("app");
        if (!released || event.type === "traffic") return;
        const { drain } = after;
        if (after.appGone || drain === null || drain.forcedAt !== null || drain.cause === "restart-app") return;
        expect(after.deliveries === 0 || !after.relayOpen).toBe(true);
      });
    });
  });

  test("no drain is forced for the sake of calls", () => {
    over((policy, history) => {
      run(policy, [...called, ...history], ({ before, after, event, now }) => {
        if (event.type !== "tick" || before.phase !== "draining" || after.phase !== "forced") return;
        const idleSince = before.drain?.idleSince ?? null;
        // Settled in the very moment in which the time is over, it has not waited for calls.
        expect(idleSince === null || idleSince + policy.settleMs >= now).toBe(true);
      });
    });
  });

  test("no delivery passes in a drain", () => {
    over((policy, history) => {
      run(policy, history, ({ after }) => {
        if (after.drain !== null) expect(orders(after, policy).pass.delivery).toBe(false);
      });
    });
  });

  test("daprd is asked to exit at once only when the app is gone, forced, or before DAPS alone, never for a Job", () => {
    over((policy, history) => {
      run(policy, history, ({ after }) => {
        if (!orders(after, policy).stopDaprdPromptly) return;
        expect(policy.job && !policy.daprdNative).toBe(false);
        const alone = after.drain?.cause === "restart-daps";
        const told = policy.daprdNative && after.sigtermAt !== null && after.drain?.releasedAt != null &&
          after.sigtermAt >= after.drain.releasedAt;
        expect(after.appGone || told || after.drain?.forcedAt !== null || alone).toBe(true);
      });
    });
  });

  test("daprd is asked to end, and DAPS may end unasked, only after a Job's app has ended by itself, or daprd is native", () => {
    over((policy, history) => {
      let finished = false;
      run(policy, history, ({ after, event }) => {
        finished ||= event.type === "app-finished";
        const { stopDaprdGracefully, finished: over } = orders(after, policy);
        if (!stopDaprdGracefully && !over) return;
        if (policy.daprdNative && after.drain?.cause === "deletion") return expect(over).toBe(false);
        expect(finished && policy.job && !policy.daprdNative && after.appGone).toBe(true);
      });
    });
  });

  test("no hook is held past the grace period, unless SIGTERM came: then only SIGKILL is left", () => {
    over((policy, history) => {
      const { state } = run(policy, history, () => {});
      if (state.sigtermAt === null) expect([...orders(state, policy).hold]).toEqual([]);
    });
  });

  test("gone is final", () => {
    over((policy, history) => {
      run(policy, history, ({ before, after }) => {
        if (before.phase === "gone") expect(after.phase).toBe("gone");
      });
    });
  });

  test("the same event twice in the same moment changes nothing the second time", () => {
    over((policy, history) => {
      run(policy, history, ({ after, event, now }) => {
        expect(advance(after, event, now, policy)).toEqual(after);
      });
    });
  });

  test("a time to wake up at is in the future", () => {
    over((policy, history) => {
      run(policy, history, ({ after, now }) => {
        if (after.wakeAt !== null) expect(after.wakeAt).toBeGreaterThan(now);
      });
    });
  });
});
