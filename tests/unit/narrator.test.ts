import { describe, expect, it } from "vitest";
import { type Busy, NOT_ASKED } from "../../services/core/busy.ts";
import { Ledger } from "../../services/core/ledger.ts";
import { createLog } from "../../services/host/log.ts";
import { Lifecycle } from "../../services/sidecar/lifecycle.ts";
import { createMetrics } from "../../services/sidecar/metrics.ts";
import { narrate } from "../../services/sidecar/narrator.ts";
import { POLICY } from "../support/phase-policy.ts";
import { Time } from "../support/time.ts";

/** A pod that serves, and then is deleted. */
function deleted(busy: boolean) {
  const time = new Time();
  const lines: Record<string, unknown>[] = [];
  const messages: string[] = [];
  const ledger = new Ledger(() => lifecycle.trafficChanged());
  const lifecycle: Lifecycle = new Lifecycle({
    policy: POLICY,
    clock: time,
    ledger,
    opaqueAt: () => null,
    calledAt: () => null,
  });
  const metrics = createMetrics(ledger, () => lifecycle.state.phase);
  narrate({
    lifecycle,
    ledger,
    busy: (): Busy => busy ? { source: "endpoint", value: true, reason: "a report" } : NOT_ASKED,
    finished: () => 0,
    cutOff: () => 0,
    clock: time,
    log: createLog({ level: "info", write: (line) => void lines.push(JSON.parse(line)), clock: time }),
    metrics,
    writeTerminationMessage: (message) => void messages.push(message),
  });
  lifecycle.dispatch({ type: "ready" });
  for (const name of ["app", "daprd", "daps"] as const) lifecycle.dispatch({ type: "hook", name });
  lifecycle.dispatch({ type: "busy", busy });
  return {
    time,
    ledger,
    lifecycle,
    lastWords: () => messages.at(-1),
    warnings: () => lines.filter(({ level }) => level === "warn"),
    forced: () => /^daps_forced_total (\d+)$/m.exec(metrics.text())?.[1],
  };
}

const UNTIL_FORCED_MS = POLICY.gracePeriodMs - POLICY.drainMarginMs;

describe("the last words of a drain", () => {
  it("that all came through", async () => {
    const { time, lifecycle, lastWords, warnings, forced } = deleted(false);
    await time.pass(POLICY.settleMs);
    lifecycle.dispatch({ type: "app-gone" });
    lifecycle.dispatch({ type: "daprd-gone" });
    expect(lastWords()).toBe("drained in 400ms, 0 finished, 0 parked, forced: no");
    expect([warnings(), forced()]).toEqual([[], "0"]);
  });

  it("that ran out of time at work name the work", async () => {
    const { time, ledger, lastWords, warnings, forced } = deleted(true);
    using _delivery = ledger.enter("delivery");
    await time.pass(UNTIL_FORCED_MS);
    expect(lastWords()).toBe(
      "drained in 57s, 0 finished, 0 parked, forced: yes (1 delivery in flight, the app is busy (a report))",
    );
    expect(warnings()).toMatchObject([{ msg: "let go before the work was done" }]);
    expect(forced()).toBe("1");
  });

  it.each([
    { gone: false, who: "the app" },
    { gone: true, who: "daprd" },
  ])("that ran out of time after the work name who has not ended: $who", async ({ gone, who }) => {
    const { time, lifecycle, lastWords, warnings, forced } = deleted(false);
    await time.pass(POLICY.settleMs);
    if (gone) lifecycle.dispatch({ type: "app-gone" });
    await time.pass(UNTIL_FORCED_MS);
    expect(lastWords()).toBe(`drained in 400ms, 0 finished, 0 parked, forced: yes (${who} has not ended)`);
    expect(warnings()).toMatchObject([{ left: `${who} has not ended` }]);
    expect(forced()).toBe("1");
  });
});
