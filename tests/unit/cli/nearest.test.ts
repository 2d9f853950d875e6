import { describe, expect, it } from "vitest";
import { editDistance, nearest } from "../../../services/cli/nearest.ts";

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["", "abc", 3],
    ["ready", "ready", 0],
    ["redy", "ready", 1],
    ["raedy", "ready", 1],
    ["kitten", "sitting", 3],
  ])("from %j to %j is %i", (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });
});

describe("nearest", () => {
  const known = ["ready-path", "busy-path", "settle"];

  it.each([["redy-path", "ready-path"], ["SETTLE", "settle"], ["setle", "settle"], ["busypath", "busy-path"]])(
    "takes %s for %s",
    (word, meant) => {
      expect(nearest(word, known)).toBe(meant);
    },
  );

  it.each(["x", "", "entirely-different", "drain"])("does not guess at %j", (word) => {
    expect(nearest(word, known)).toBeUndefined();
  });
});
