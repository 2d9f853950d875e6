import { describe, expect, it } from "vitest";
import { Ledger, total, TRAFFIC_CLASSES } from "../../services/core/ledger.ts";

describe("Ledger", () => {
  it("begins with nothing", () => {
    const ledger = new Ledger();
    expect([ledger.inFlight, ledger.parked, ledger.finished].map(total)).toEqual([0, 0, 0]);
  });

  it.each(TRAFFIC_CLASSES)("counts a %s from enter to dispose, then as finished", (cls) => {
    const ledger = new Ledger();
    {
      using _lease = ledger.enter(cls);
      expect(ledger.inFlight).toMatchObject({ delivery: 0, call: 0, opaque: 0, [cls]: 1 });
      expect(total(ledger.finished)).toBe(0);
    }
    expect(total(ledger.inFlight)).toBe(0);
    expect(ledger.finished[cls]).toBe(1);
  });

  it("counts what is parked apart, and never as finished", () => {
    const ledger = new Ledger();
    const lease = ledger.park("delivery");
    expect(ledger.parked.delivery).toBe(1);
    expect(total(ledger.inFlight)).toBe(0);
    lease[Symbol.dispose]();
    expect(total(ledger.parked)).toBe(0);
    expect(total(ledger.finished)).toBe(0);
  });

  it("counts a lease once, however often it is disposed", () => {
    const ledger = new Ledger();
    const first = ledger.enter("call");
    const second = ledger.enter("call");
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(ledger.inFlight.call).toBe(1);
    expect(ledger.finished.call).toBe(1);
    second[Symbol.dispose]();
    expect(ledger.inFlight.call).toBe(0);
  });

  it("gives a lease back when its block throws", () => {
    const ledger = new Ledger();
    expect(() => {
      using _lease = ledger.enter("delivery");
      throw new Error("broken connection");
    }).toThrow("broken connection");
    expect(total(ledger.inFlight)).toBe(0);
  });

  it("tells of each change, after it", () => {
    const seen: number[] = [];
    const ledger: Ledger = new Ledger(() => seen.push(total(ledger.inFlight) + total(ledger.parked)));
    const lease = ledger.enter("delivery");
    const place = ledger.park("delivery");
    lease[Symbol.dispose]();
    lease[Symbol.dispose]();
    place[Symbol.dispose]();
    expect(seen).toEqual([1, 2, 1, 0]);
  });
});
