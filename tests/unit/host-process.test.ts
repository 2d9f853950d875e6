import { describe, expect, it } from "vitest";
import { optionalEnv, requiredEnv } from "../../services/host/process/env.ts";

describe("environment", () => {
  const env = (name: string) => ({ SET: "x", EMPTY: "" })[name];

  it("gives what is set", () => {
    expect(requiredEnv(env, "SET")).toBe("x");
    expect(optionalEnv(env, "SET")).toBe("x");
  });

  it.each(["EMPTY", "ABSENT"])("takes %s for not set", (name) => {
    expect(optionalEnv(env, name)).toBeUndefined();
    expect(() => requiredEnv(env, name)).toThrow(
      new TypeError(`Cannot start as environment variable ${name} is not set`),
    );
  });
});
