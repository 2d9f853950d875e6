import { describe, expect, it } from "vitest";
import { createLog, errorMessage, type LogLevel } from "../../services/host/log.ts";

function recorder(level: LogLevel = "debug") {
  const lines: string[] = [];
  const clock = { wall: () => new Date("2026-01-02T03:04:05.678Z") };
  return { lines, log: createLog({ level, write: (line) => lines.push(line), clock }) };
}

describe("createLog()", () => {
  it("writes one JSON object a line", () => {
    const { lines, log } = recorder();
    log.info("phase", { from: "gating", to: "serving", ms: 12.5, reason: "two\nlines" });
    expect(lines).toEqual([
      '{"time":"2026-01-02T03:04:05.678Z","level":"info","msg":"phase","from":"gating","to":"serving","ms":12.5,' +
      '"reason":"two\\nlines"}\n',
    ]);
  });

  it.each([["debug", 4], ["info", 3], ["warn", 2], ["error", 1]] as const)(
    "at %s writes %d of the levels",
    (level, n) => {
      const { lines, log } = recorder(level);
      for (const each of ["debug", "info", "warn", "error"] as const) log[each]("x");
      expect(lines).toHaveLength(n);
    },
  );

  it("adds the fields of with() to each line", () => {
    const { lines, log } = recorder();
    log.with({ pod: "a" }).with({ relay: 1 }).warn("x", { relay: 2 });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "warn", pod: "a", relay: 2 });
  });

  it("writes errors as their message, and big integers", () => {
    const { lines, log } = recorder();
    log.error("failed", { error: new TypeError("no"), bytes: 12n });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ error: "no", bytes: "12" });
  });

  it("writes the line without its fields where they can't be written", () => {
    const { lines, log } = recorder();
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    log.info("kept", { cycle });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ msg: "kept", logError: expect.stringMatching(/circular/i) });
  });
});

it.each([[new Error("a"), "a"], ["b", "b"], [undefined, "undefined"], [404, "404"]])(
  "errorMessage() says %j",
  (thrown, message) => {
    expect(errorMessage(thrown)).toBe(message);
  },
);
