import { describe, expect, it } from "vitest";
import { Ledger } from "../../services/core/ledger.ts";
import type { PhasePolicy } from "../../services/core/phases/state.ts";
import type { UserHook } from "../../services/core/sidecar-config.ts";
import { createLog } from "../../services/host/log.ts";
import { Hooks } from "../../services/sidecar/hooks.ts";
import { Lifecycle } from "../../services/sidecar/lifecycle.ts";
import { POLICY } from "../support/phase-policy.ts";
import { Time } from "../support/time.ts";

const SHORT_GRACE: PhasePolicy = { ...POLICY, gracePeriodMs: 30_000 };

function scene(app: UserHook | null) {
  const time = new Time();
  const said: Record<string, unknown>[] = [];
  const log = createLog({ level: "info", write: (line) => void said.push(JSON.parse(line)), clock: time });
  const lifecycle = new Lifecycle({
    policy: SHORT_GRACE,
    clock: time,
    ledger: new Ledger(),
    opaqueAt: () => null,
    calledAt: () => null,
  });
  lifecycle.dispatch({ type: "ready" });
  const hooks = new Hooks({
    lifecycle,
    clock: time,
    log,
    userHooks: { app, daprd: null },
    userHookTimeoutMs: SHORT_GRACE.gracePeriodMs,
  });
  const answered: string[] = [];
  const arrive = (name: "app" | "daprd" | "daps") => void hooks.hold(name).then(() => answered.push(name));
  return {
    time,
    lifecycle,
    answered,
    arrive,
    said: (pattern: RegExp) => said.filter(({ msg }) => pattern.test(String(msg))),
    delete: () => (["app", "daprd", "daps"] as const).forEach(arrive),
  };
}

describe("a preStop of the user's own", () => {
  it("that sleeps does so after the drain, in the hook's place", async () => {
    const { time, lifecycle, answered, said, delete: end } = scene({ kind: "sleep", ms: 8000 });
    end();
    lifecycle.dispatch({ type: "busy", busy: true });
    await time.pass(5000);
    lifecycle.dispatch({ type: "busy", busy: false });
    await time.pass(400 + 7999);
    expect([lifecycle.state.phase, answered]).toEqual(["leaving", []]);
    await time.pass(1);
    expect(answered).toEqual(["app"]);
    expect(said(/carried out/)).toMatchObject([{ hook: "app", kind: "sleep", detail: "slept 8s" }]);
  });

  it("is carried out once for a hook that comes twice, and both are answered", async () => {
    const { time, lifecycle, answered, said, arrive, delete: end } = scene({ kind: "sleep", ms: 1000 });
    end();
    lifecycle.dispatch({ type: "busy", busy: false });
    await time.pass(200);
    arrive("app");
    await time.pass(1200);
    expect(answered).toEqual(["app", "app"]);
    expect(said(/carried out/)).toHaveLength(1);
  });

  it("is broken off when the grace period is about to end, and so the app still gets its SIGTERM in order", async () => {
    const { time, lifecycle, answered, said, delete: end } = scene({ kind: "sleep", ms: 25_000 });
    end();
    lifecycle.dispatch({ type: "busy", busy: true });
    await time.pass(20_000);
    lifecycle.dispatch({ type: "busy", busy: false });
    await time.pass(6999);
    expect([lifecycle.state.phase, answered]).toEqual(["leaving", []]);
    await time.pass(1);
    expect([lifecycle.state.phase, answered]).toEqual(["forced", ["app"]]);
    expect(said(/broke off/)).toMatchObject([{ level: "warn", hook: "app", kind: "sleep" }]);
  });

  it("is left out of a drain that was forced", async () => {
    const { time, lifecycle, answered, said, delete: end } = scene({ kind: "sleep", ms: 5000 });
    end();
    lifecycle.dispatch({ type: "busy", busy: true });
    await time.pass(27_000);
    expect(answered).toEqual(["app"]);
    expect(said(/broke off/)).toHaveLength(1);
  });
});
