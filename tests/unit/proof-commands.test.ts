import { describe, expect, test } from "vitest";
import { median, spread } from "../../scripts/lib/bench/statistics.ts";
import { readOptions } from "../../scripts/lib/demo/options.ts";
import { UsageError } from "../../scripts/lib/toolchain/command-line.ts";
import { table } from "../../scripts/lib/proof/table.ts";

describe("the demo's options", () => {
  test("have defaults", () => {
    expect(readOptions([])).toEqual({
      name: undefined,
      messages: 270,
      seed: undefined,
      prefetch: 10,
      native: false,
      json: false,
      picture: undefined,
      events: undefined,
      from: undefined,
      record: false,
      down: false,
      help: false,
    });
  });

  test("are read", () => {
    expect(readOptions(["--native", "--json", "--seed", "7", "--messages=200", "--prefetch", "0", "--name", "demo"]))
      .toMatchObject({ native: true, json: true, seed: 7, messages: 200, prefetch: 0, name: "demo" });
  });

  test("record fewer messages when a picture or events are wanted, unless it is said how many", () => {
    expect(readOptions(["--picture", "a.svg"])).toMatchObject({ picture: "a.svg", record: true, messages: 24 });
    expect(readOptions(["--events", "a.json"])).toMatchObject({ events: "a.json", record: true, messages: 24 });
    expect(readOptions(["--picture", "a.svg", "--messages", "30"])).toMatchObject({ record: true, messages: 30 });
    expect(readOptions(["--from", "a.json", "--picture", "a.svg"])).toMatchObject({ from: "a.json", record: false });
  });

  test.each([
    [["--picture", "a.png"], "--picture: it must be a file that ends in .svg: received a.png"],
    [["--events", "a.svg"], "--events: it must be a file that ends in .json: received a.svg"],
    [["--from", "a.json"], "--from without --picture"],
    [["--from", "a.json", "--picture", "a.svg", "--events", "b.json"], "--from with --events"],
    [["--messages", "0"], "--messages: it must be an integer from 1 to 100000: received 0"],
    [["--messages", "1e3"], "received 1e3"],
    [["--seed", "4294967296"], "--seed"],
    [["--prefetch", "256"], "--prefetch: it must be an integer from 0 to 255: received 256"],
    [["--fast"], "--fast"],
    [["more"], "more"],
  ])("are refused if they can't be used: %j", (argv, message) => {
    expect(() => readOptions(argv)).toThrow(UsageError);
    expect(() => readOptions(argv)).toThrow(message);
  });
});

test("table() aligns its columns", () => {
  expect(table([["", "lost"], ["Dapr alone", "5"], ["DAPS", "0"]])).toBe(
    "            lost\n────────────────\nDapr alone     5\nDAPS           0\n",
  );
});

test("median() takes the middle, or the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow("no values");
  expect(spread([1.234, 1, 2], 1)).toBe("1.2 (1.0–2.0)");
});
