import { describe, expect, it } from "vitest";
import { formatBytes, parseQuantity } from "../../services/core/quantity.ts";
import {
  bytes,
  containerName,
  duration,
  httpPath,
  image,
  integer,
  oneOf,
  quantity,
  truth,
  type ValueType,
} from "../../services/core/values.ts";

/** What a type reads, and what it does not. */
function reads<T>(what: string, type: ValueType<T>, accepted: [text: string, value: T][], refused: string[]): void {
  describe(what, () => {
    it.each(accepted)("reads %j as %j", (text, value) => {
      expect(type.parse(text)).toBe(value);
    });

    it.each(accepted)("reads what it writes for %j", (_, value) => {
      expect(type.parse(type.format(value))).toBe(value);
    });

    it.each(refused)("does not read %j", (text) => {
      expect(type.parse(text)).toBeUndefined();
    });
  });
}

reads("truth, as Dapr reads it", truth, [
  ["y", true],
  ["yes", true],
  ["true", true],
  ["t", true],
  ["on", true],
  ["1", true],
  ["True", true],
  ["YES", true],
  [" on ", true],
  ["n", false],
  ["no", false],
  ["false", false],
  ["f", false],
  ["off", false],
  ["0", false],
  ["FALSE", false],
], ["", "2", "enabled", "ja", "true false", "null", "undefined"]);

reads("duration(10ms to 1m)", duration(10, 60_000), [
  ["10ms", 10],
  ["1m", 60_000],
  ["1.5s", 1500],
  [" 250ms ", 250],
], ["", "9ms", "0", "1m0.001s", "61s", "-1s", "10", "1 s", "forever"]);

reads("integer(1 to 65535)", integer(1, 65_535), [
  ["1", 1],
  ["65535", 65_535],
  [" 8080 ", 8080],
  ["0080", 80],
], ["", "0", "65536", "-1", "+1", "1.0", "1e3", "0x10", "http", "99999999999999999999", "８"]);

reads("oneOf(auto, true, false)", oneOf("auto", "true", "false"), [
  ["auto", "auto"],
  ["TRUE", "true"],
  [" false ", "false"],
], ["", "yes", "autos", "auto,true"]);

reads("httpPath", httpPath, [
  ["/", "/"],
  ["/api/busy?deep=1&x=%20", "/api/busy?deep=1&x=%20"],
  [`/${"a".repeat(1023)}`, `/${"a".repeat(1023)}`],
], ["", "api", "/a b", "/a#b", "/a\r\nHost: x", "/a\n", "/ü", "http://x/", `/${"a".repeat(1024)}`]);

reads("containerName", containerName, [
  ["app", "app"],
  ["a", "a"],
  ["my-app-2", "my-app-2"],
  ["a".repeat(63), "a".repeat(63)],
], ["", "-app", "app-", "App", "a_b", "a.b", "a b", "app\n", "a".repeat(64)]);

reads("image", image, [
  ["daps:0.1.0", "daps:0.1.0"],
  ["registry.example:5000/team/daps@sha256:0123", "registry.example:5000/team/daps@sha256:0123"],
], ["", "a b", "a\tb", "a\n", "x".repeat(513)]);

reads("quantity", quantity, [
  ["10m", "10m"],
  ["0.5", "0.5"],
  ["64Mi", "64Mi"],
  ["1G", "1G"],
], ["", "10 m", "-1", "1e3", "64MB", ".5", "5.", "64mi", "Mi"]);

reads("bytes", bytes(0, 2 ** 30), [
  ["0", 0],
  ["4Mi", 4 * 2 ** 20],
  ["1.5Ki", 1536],
  ["1k", 1000],
  ["1500", 1500],
  ["1Gi", 2 ** 30],
], ["", "0.5", "4MB", "-1", "2Gi", "10m", "Mi", "lots"]);

describe("quantities", () => {
  it("are numbers of their units", () => {
    expect(["10m", "0.5", "2k", "1M", "3G", "soon"].map(parseQuantity)).toEqual([0.01, 0.5, 2000, 1e6, 3e9, undefined]);
  });

  it("are written in the largest binary unit", () => {
    expect([0, 1, 1000, 1024, 1536, 2 ** 20, 4 * 2 ** 30].map(formatBytes)).toEqual(
      ["0", "1", "1000", "1Ki", "1536", "1Mi", "4Gi"],
    );
  });
});

describe("accepts", () => {
  it("says the limits as one would write them", () => {
    expect(duration(0, 60_000).accepts).toBe("a duration such as 250ms or 1m30s, from 0s to 1m");
    expect(duration(1000).accepts).toContain("to 24h");
    expect(integer(1, 5).accepts).toBe("a whole number from 1 to 5");
    expect(oneOf("a", "b").accepts).toBe("one of a, b");
  });
});
