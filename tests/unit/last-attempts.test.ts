import { describe, expect, it } from "vitest";
import { Ledger, type TrafficClass } from "../../services/core/ledger.ts";
import type { Gate } from "../../services/sidecar/gate.ts";
import { fateAfter } from "../../services/sidecar/relay/attempts.ts";
import { LastAttempts } from "../../services/sidecar/relay/last-attempts.ts";

describe("what becomes of a delivery that the app did not survive", () => {
  it.each([
    [1, 3, "again"],
    [2, 3, "alone"],
    [3, 3, "give-up"],
    [4, 3, "give-up"],
    [1, 2, "alone"],
    [2, 2, "give-up"],
    [1, 1, "give-up"],
  ])("after %i of %i attempts: %s", (cut, limit, fate) => {
    expect(fateAfter(cut, true, { limit })).toBe(fate);
  });

  it("is not sent again if it could not be kept, nor failed", () => {
    expect(fateAfter(1, false, { limit: 3 })).toBe("stay");
    expect(fateAfter(3, false, { limit: 3 })).toBe("stay");
  });

  it("is Dapr's to decide where nothing is sent again", () => {
    expect(fateAfter(1, true, null)).toBe("give-up");
    expect(fateAfter(1, false, null)).toBe("give-up");
  });
});

class SetGate implements Gate {
  closed: TrafficClass[] = [];
  listeners: (() => void)[] = [];
  mayPass = (cls: TrafficClass) => !this.closed.includes(cls);
  appFailed = () => {};
  onChange = (listener: () => void) => {
    this.listeners.push(listener);
    return () => {};
  };
}

function scene() {
  const gate = new SetGate();
  const ledger = new Ledger();
  const last = new LastAttempts(gate, ledger);
  let changes = 0;
  last.onChange(() => changes++);
  return { gate, ledger, last, changed: () => changes };
}

describe("LastAttempts", () => {
  it("is the gate itself while nobody has a turn", () => {
    const { gate, last, changed } = scene();
    expect(last.mayPass("delivery")).toBe(true);
    gate.closed = ["delivery"];
    expect(last.mayPass("delivery")).toBe(false);
    expect(last.mayPass("call")).toBe(true);
    for (const listener of gate.listeners) listener();
    expect(changed()).toBe(1);
  });

  it("holds other deliveries, and no calls, from the moment a turn is taken", () => {
    const { last } = scene();
    using _turn = last.take();
    expect(last.mayPass("delivery")).toBe(false);
    expect(last.mayPass("call")).toBe(true);
    expect(last.mayPass("opaque")).toBe(true);
  });

  it("lets a turn go when no delivery is in flight any more, and says so", () => {
    const { ledger, last, changed } = scene();
    const others = [ledger.enter("delivery"), ledger.enter("delivery")];
    using _call = ledger.enter("call");
    using turn = last.take();
    expect(turn.mayGo).toBe(false);
    others[0]![Symbol.dispose]();
    expect(turn.mayGo).toBe(false);
    expect(changed()).toBe(0);
    others[1]![Symbol.dispose]();
    expect(turn.mayGo).toBe(true);
    expect(changed()).toBeGreaterThan(0);
  });

  it("lets no turn go behind a closed gate", () => {
    const { gate, last } = scene();
    using turn = last.take();
    gate.closed = ["delivery"];
    expect(turn.mayGo).toBe(false);
  });

  it("lets one go after the other, then all", () => {
    const { ledger, last, changed } = scene();
    const [first, second] = [last.take(), last.take()];
    expect([first.mayGo, second.mayGo]).toEqual([true, false]);
    const lease = ledger.enter("delivery");
    expect([first.mayGo, second.mayGo]).toEqual([false, false]);
    lease[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(second.mayGo).toBe(true);
    const before = changed();
    second[Symbol.dispose]();
    second[Symbol.dispose]();
    expect(changed()).toBe(before + 1);
    expect(last.mayPass("delivery")).toBe(true);
  });

  it("looks at the ledger no longer than somebody waits", () => {
    const { ledger, last, changed } = scene();
    last.take()[Symbol.dispose]();
    const before = changed();
    ledger.enter("delivery")[Symbol.dispose]();
    expect(changed()).toBe(before);
  });
});
