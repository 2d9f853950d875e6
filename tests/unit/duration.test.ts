import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "../../services/core/duration.ts";

describe("parseDuration()", () => {
  it.each([
    ["0", 0],
    ["0s", 0],
    ["250ms", 250],
    ["1s", 1000],
    ["1.5s", 1500],
    ["1.s", 1000],
    [".5s", 500],
    ["1m30s", 90_000],
    ["2h", 7_200_000],
    ["1h0m0.25s", 3_600_250],
    ["100us", 0.1],
    ["100\u00b5s", 0.1],
    ["100\u03bcs", 0.1],
    ["1000000ns", 1],
    ["30s1m", 90_000],
    ["1s1s", 2000],
  ])("reads %s as %d ms, as Go's time.ParseDuration does", (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each([
    "",
    " ",
    "1",
    "00",
    "s",
    ".",
    ".s",
    "1 s",
    " 1s",
    "1s ",
    "-1s",
    "+1s",
    "1d",
    "1S",
    "1m30",
    "1,5s",
    "1e3s",
    "∞",
  ])(
    "does not read %j",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe("formatDuration()", () => {
  it.each([
    [0, "0s"],
    [0.4, "0s"],
    [1, "1ms"],
    [250, "250ms"],
    [999.6, "1s"],
    [1000, "1s"],
    [1500, "1.5s"],
    [60_000, "1m"],
    [90_000, "1m30s"],
    [3_600_000, "1h"],
    [3_661_001, "1h1m1.001s"],
    [86_400_000, "24h"],
  ])("writes %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
