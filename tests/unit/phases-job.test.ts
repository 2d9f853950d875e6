/** The pod of a Job: it ends when its app does, and with an ordinary daprd nobody but DAPS can see to that. */
import { expect, test } from "vitest";
import { advance, begin } from "../../services/core/phases/machine.ts";
import { orders } from "../../services/core/phases/orders.ts";
import type { Event, PhasePolicy, State } from "../../services/core/phases/state.ts";
import type { HookName } from "../../services/core/sidecar-config.ts";
import { POLICY } from "../support/phase-policy.ts";

const JOB_POLICY: PhasePolicy = { ...POLICY, job: true };

const ready: Event = { type: "ready" };
const finished: Event = { type: "app-finished" };
const daprdGone: Event = { type: "daprd-gone" };
const sigterm: Event = { type: "sigterm" };
const hook = (name: HookName): Event => ({ type: "hook", name });

/** The state after events in one moment, and then after time has passed. */
function after(events: readonly Event[], { policy = {}, passedMs = 0 }: {
  readonly policy?: Partial<PhasePolicy>;
  readonly passedMs?: number;
} = {}): State {
  const whole = { ...JOB_POLICY, ...policy };
  const state = events.reduce((state, event) => advance(state, event, 0, whole), begin(0, whole));
  return advance(state, { type: "tick" }, passedMs, whole);
}

test.for([[ready, finished], [finished], [ready, { type: "app-failed" } as const, finished]])(
  "an app that has ended ends daprd, gracefully, and then DAPS: %j",
  (events) => {
    const state = after(events);
    expect([state.phase, state.reason]).toEqual(["leaving", "the app is gone"]);
    expect(orders(state)).toMatchObject({ stopDaprdGracefully: true, stopDaprdPromptly: false, finished: false });
    expect(orders(after([...events, daprdGone]))).toMatchObject({ finished: true, exit: false });
  },
);

test("no grace period has begun: a daprd that takes its time is waited for", () => {
  const state = after([ready, finished], { passedMs: 3_600_000 });
  expect([state.phase, state.drain?.deadline]).toEqual(["leaving", null]);
});

test("deliveries that are parked meanwhile do not make it a forced stop", () => {
  const parked: Event = { type: "traffic", deliveries: 0, calls: 0, parked: 2, opaqueAt: null, calledAt: null };
  expect(orders(after([ready, finished, parked], { policy: { daprdStop: "prompt" } }))).toMatchObject({
    stopDaprdGracefully: true,
    stopDaprdPromptly: false,
  });
});

test.for([{ job: false }, { daprdNative: true }])("elsewhere the end of the app is no end: %j", (policy) => {
  expect(after([ready, finished], { policy }).phase).toBe("serving");
});

test("a deletion meanwhile brings a grace period, and goes on from there", () => {
  const state = after([ready, finished, hook("daprd"), hook("daps")]);
  expect([state.phase, state.drain?.cause, state.drain?.deadline]).toEqual(["leaving", "deletion", 57_000]);
  expect([...orders(state).hold]).toEqual(["daps"]);
});

test("a native DAPS, which would be started again, ends when the kubelet says so", () => {
  const state = after([ready, finished, daprdGone, hook("daps"), sigterm]);
  expect(orders(state).exit).toBe(true);
  expect([...orders(state).hold]).toEqual([]);
});

test("with a native daprd the kubelet ends DAPS when the app has ended, and DAPS daprd", () => {
  const native = { daprdNative: true };
  const idle: Event = { type: "busy", busy: false };
  const state = after([ready, hook("daps"), idle], { policy: native, passedMs: POLICY.settleMs });
  expect([...orders(state).hold]).toEqual([]);
  expect(orders(advance(state, sigterm, POLICY.settleMs, { ...JOB_POLICY, ...native }))).toMatchObject({
    stopDaprdPromptly: true,
    exit: false,
  });
});

test("in a deletion the end of the app is that of the drain", () => {
  expect(after([ready, hook("app"), hook("daps"), finished]).phase).toBe("draining");
});
