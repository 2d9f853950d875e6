/** How long the calls of other apps hold an app. */
import { expect, test } from "vitest";
import { deletion, hook, idle, serving, traffic } from "../support/phases.ts";

test("calls in flight hold an app for call-drain and no longer", () => {
  const sidecar = serving({ callDrainMs: 5000 }).take(...deletion, idle, traffic({ calls: 2 })).at(5399);
  expect(sidecar.hold).toContain("app");
  sidecar.at(5400);
  expect(sidecar.hold).not.toContain("app");
});

test("calls that still come hold it, until there was none for 5 s", () => {
  const sidecar = serving().at(10_000).take(...deletion, idle, traffic({ calledAt: 9_500 }));
  for (let now = 11_000; now <= 18_000; now += 1000) {
    sidecar.at(now).take(traffic({ calls: 1, calledAt: now }), traffic({ calledAt: now }));
  }
  expect(sidecar.at(22_999).hold).toContain("app");
  expect([sidecar.at(23_000).phase, sidecar.hold]).toEqual(["leaving", ["daprd", "daps"]]);
});

test("calls of long ago do not hold it", () => {
  const sidecar = serving().at(10_000).take(...deletion, idle, traffic({ calledAt: 5_400 }));
  expect(sidecar.at(10_399).hold).toContain("app");
  expect(sidecar.at(10_400).hold).not.toContain("app");
});

test("calls leave the app a fifth of the time, so that no drain is forced for their sake", () => {
  const sidecar = serving({ callDrainMs: 600_000 }).take(...deletion, idle, traffic({ calls: 1, calledAt: 0 }));
  expect(sidecar.at(45_599).hold).toContain("app");
  expect(sidecar.at(45_600).phase).toBe("leaving");
});

test("calls that still come do not hold an app that is restarted alone: they go nowhere else", () => {
  const sidecar = serving().at(10_000).take(hook("app"), idle, traffic({ calledAt: 9_999 }));
  expect(sidecar.at(11_000).hold).toEqual([]);
});
