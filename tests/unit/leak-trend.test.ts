import { describe, expect, it } from "vitest";
import { trendOf } from "../leak/trend.ts";

const COUNT = 40;
const values = (value: (i: number) => number) => Array.from({ length: COUNT }, (_, i) => value(i));

describe("trendOf()", () => {
  it("sees growth as what it is, without noise", () => {
    const { growth, noise } = trendOf(values((i) => 100 + i / 10));
    expect(growth).toBeCloseTo((COUNT - 1) / 10, 9);
    expect(noise).toBeCloseTo(0, 9);
  });

  it.each([
    ["a sawtooth", (i: number) => 100 + i % 5],
    ["one that falls at once", (i: number) => 100 + i % 20],
    ["an outlier", (i: number) => i === 30 ? 120 : 100],
    ["nothing", () => 100],
  ])("takes %s for noise", (_, value) => {
    const { growth, noise } = trendOf(values(value));
    expect(growth).toBeLessThan(1 + 4 * noise);
  });

  it.each([
    ["a sawtooth", (i: number) => 100 + i % 5 + i / 4],
    ["an outlier", (i: number) => (i === 30 ? 104 : 100) + i / 4],
    ["steps", (i: number) => 100 + 4 * Math.floor(i / 8)],
  ])("sees growth under %s", (_, value) => {
    const { growth, noise } = trendOf(values(value));
    expect(growth).toBeGreaterThan(1 + 4 * noise);
  });

  it("does not take two values for a trend", () => {
    expect(() => trendOf([1, 2])).toThrow("fewer than three values: received 2");
  });
});
