import { describe, expect, it } from "vitest";
import { Ledger } from "../../services/core/ledger.ts";
import type { Clock } from "../../services/host/clock.ts";
import { tidyWhenQuiet } from "../../services/sidecar/tidying.ts";

function scene() {
  const ledger = new Ledger();
  let next = () => {};
  const clock: Clock = {
    now: () => 0,
    wall: () => new Date(0),
    after: (_, callback) => {
      next = callback;
      return () => {};
    },
  };
  let collections = 0;
  tidyWhenQuiet(ledger, clock, () => collections++);
  return { ledger, later: () => next(), collections: () => collections };
}

describe("tidyWhenQuiet()", () => {
  it("collects once after the start, and then not again", () => {
    const { later, collections } = scene();
    expect(collections()).toBe(0);
    later();
    later();
    later();
    expect(collections()).toBe(1);
  });

  it("collects once after each load, when nothing has come or gone for a while", () => {
    const { ledger, later, collections } = scene();
    later();
    ledger.enter("delivery")[Symbol.dispose]();
    later();
    expect(collections()).toBe(1);
    later();
    later();
    expect(collections()).toBe(2);
  });

  it("does not collect while something is in flight", () => {
    const { ledger, later, collections } = scene();
    const lease = ledger.enter("call");
    later();
    later();
    expect(collections()).toBe(0);
    lease[Symbol.dispose]();
    later();
    later();
    expect(collections()).toBe(1);
  });
});
