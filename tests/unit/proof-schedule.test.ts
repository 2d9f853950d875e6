import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anySeed, seeded } from "../../scripts/lib/proof/random.ts";
import { schedule } from "../../scripts/lib/proof/schedule.ts";

const seed = fc.integer({ min: 0, max: 0xffff_ffff });

describe("seeded()", () => {
  test("gives the same numbers for the same seed, others for another", () => {
    const take = (of: number) => Array.from({ length: 20 }, seeded(of));
    fc.assert(fc.property(seed, seed, (one, other) => {
      expect(take(one)).toEqual(take(one));
      expect(one === other || take(one).join() !== take(other).join()).toBe(true);
    }));
  });

  test("spreads them evenly from 0 up to 1", () => {
    const numbers = Array.from({ length: 10_000 }, seeded(7));
    const tenths = Array.from({ length: 10 }, (_, tenth) => numbers.filter((n) => Math.floor(n * 10) === tenth).length);
    for (const count of tenths) expect(count).toSatisfy((n: number) => n > 850 && n < 1150);
  });

  test("refuses what is no integer of 32 bits", () => {
    for (const bad of [-1, 1.5, 2 ** 32, Number.NaN]) expect(() => seeded(bad)).toThrow(`received ${bad}`);
    expect(() => seeded(anySeed())).not.toThrow();
  });
});

describe("schedule()", () => {
  const options = { messages: 270, perSecond: 3, workMs: { min: 2000, max: 8000 }, seed: 42 };

  test("repeats itself for a seed", () => {
    expect(schedule(options)).toEqual(schedule(options));
    expect(schedule({ ...options, seed: 43 }).map(({ workMs }) => workMs))
      .not.toEqual(schedule(options).map(({ workMs }) => workMs));
  });

  test("keeps rate and work time", () => {
    const messages = schedule(options);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(270);
    expect(messages.map(({ id }) => id)).toEqual(messages.map(({ id }) => id).toSorted());
    expect(messages[3]?.atMs).toBe(1000);
    expect(messages.at(-1)?.atMs).toBe(89_667);
    expect(messages.every(({ workMs }) => workMs >= 2000 && workMs <= 8000)).toBe(true);
    const mean = messages.reduce((sum, { workMs }) => sum + workMs, 0) / messages.length;
    expect(mean).toBeGreaterThan(4500);
    expect(mean).toBeLessThan(5500);
  });
});
