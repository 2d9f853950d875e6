import { describe, expect, it } from "vitest";
import { HAPPENINGS, nextHappening, oneOf, parseSoak, soakTables } from "../../scripts/lib/matrix/soak.ts";
import { seeded } from "../../scripts/lib/proof/random.ts";

const course = (seed: number, length: number) => {
  const random = seeded(seed);
  return Array.from({ length }, () => [nextHappening(random), oneOf(random, ["a", "b", "c"])]);
};

describe("the choices of a soak", () => {
  it("are the same for the same seed, and others for another", () => {
    expect(course(7, 50)).toEqual(course(7, 50));
    expect(course(7, 50)).not.toEqual(course(8, 50));
  });

  it("leave nothing out", () => {
    const chosen = course(1, 500);
    expect(new Set(chosen.map(([happening]) => happening))).toEqual(new Set(HAPPENINGS));
    expect(new Set(chosen.map(([, target]) => target))).toEqual(new Set(["a", "b", "c"]));
  });

  it("are none of nothing", () => {
    expect(oneOf(() => 0.5, [])).toBeUndefined();
  });
});

describe("the report of a soak", () => {
  const counts = { published: 900, lost: 0, cutOff: 4, repeated: 2, forced: 0 };
  const result = { seed: 7, minutes: 15, ...counts, happenings: { "app killed": 4 } };

  it("says what became of the messages, and what happened", () => {
    const text = soakTables(parseSoak(JSON.stringify(result)));
    expect(text).toContain("A run of 15 minutes with the seed 7:");
    expect(text).toContain("| 900 | 0 | 4 | 2 | 0 |");
    expect(text).toContain("| app killed | 4 |");
  });

  it("is not made of anything else", () => {
    expect(() => parseSoak("{}")).toThrow();
  });
});
