/** The pod of a Job: it ends when its app does, and with an ordinary daprd nobody but DAPS can see to that. */
import { expect, test } from "vitest";
import type { Event, PhasePolicy } from "../../services/core/phases/state.ts";
import { daprdGone, hook, idle, ready, Sidecar, sigterm, traffic } from "../support/phases.ts";

const finished: Event = { type: "app-finished" };
const job = (policy: Partial<PhasePolicy> = {}): Sidecar => new Sidecar({ job: true, ...policy });

test.for([[ready, finished], [finished], [ready, { type: "app-failed" } as const, finished]])(
  "an app that has ended ends daprd, gracefully, and then DAPS: %j",
  (events) => {
    const sidecar = job().take(...events);
    expect([sidecar.phase, sidecar.state.reason]).toEqual(["leaving", "the app is gone"]);
    expect(sidecar.orders).toMatchObject({ stopDaprdGracefully: true, stopDaprdPromptly: false, finished: false });
    expect(sidecar.take(daprdGone).orders).toMatchObject({ finished: true, exit: false });
  },
);

test("no grace period has begun: a daprd that takes its time is waited for", () => {
  const sidecar = job().take(ready, finished).at(3_600_000);
  expect([sidecar.phase, sidecar.state.drain?.deadline]).toEqual(["leaving", null]);
});

test("deliveries that are parked meanwhile do not make it a forced stop", () => {
  const { orders } = job({ daprdStop: "prompt" }).take(ready, finished, traffic({ parked: 2 }));
  expect(orders).toMatchObject({ stopDaprdGracefully: true, stopDaprdPromptly: false });
});

test.for([{ job: false }, { daprdNative: true }])("elsewhere the end of the app is no end: %j", (policy) => {
  expect(job(policy).take(ready, finished).phase).toBe("serving");
});

test("a deletion meanwhile brings a grace period, and goes on from there", () => {
  const sidecar = job().take(ready, finished, hook("daprd"), hook("daps"));
  const { drain } = sidecar.state;
  expect([sidecar.phase, drain?.cause, drain?.deadline]).toEqual(["leaving", "deletion", 57_000]);
  expect(sidecar.hold).toEqual(["daps"]);
});

test("a native DAPS, which would be started again, ends when the kubelet says so", () => {
  const sidecar = job().take(ready, finished, daprdGone, hook("daps"), sigterm);
  expect(sidecar.orders.exit).toBe(true);
  expect(sidecar.hold).toEqual([]);
});

test("with a native daprd the kubelet ends DAPS when the app has ended, and DAPS daprd", () => {
  const sidecar = job({ daprdNative: true }).take(ready, hook("daps"), idle);
  expect(sidecar.at(sidecar.policy.settleMs).hold).toEqual([]);
  expect(sidecar.take(sigterm).orders).toMatchObject({ stopDaprdPromptly: true, exit: false });
});

test("in a deletion the end of the app is that of the drain", () => {
  expect(job().take(ready, hook("app"), hook("daps"), finished).phase).toBe("draining");
});
