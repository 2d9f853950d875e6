import { describe, expect, test } from "vitest";
import {
  appGone,
  busy,
  daprdGone,
  deletion,
  hook,
  idle,
  ready,
  serving,
  Sidecar,
  sigterm,
  traffic,
} from "../support/phases.ts";

describe("gating", () => {
  test("keeps the relay closed until the app is ready", () => {
    const sidecar = new Sidecar().at(60_000);
    expect([sidecar.phase, sidecar.orders.relayOpen]).toEqual(["gating", false]);
    sidecar.take(ready);
    expect([sidecar.phase, sidecar.orders.relayOpen]).toEqual(["serving", true]);
  });

  test("opens after ready-timeout if there is one", () => {
    const sidecar = new Sidecar({ readyTimeoutMs: 60_000 }).at(59_999);
    expect(sidecar.phase).toBe("gating");
    sidecar.at(60_000);
    expect([sidecar.phase, sidecar.state.reason]).toEqual(["serving", expect.stringContaining("ready-timeout")]);
  });

  test("of a DAPS that was restarted listens at once and waits for readiness", () => {
    const sidecar = new Sidecar().take({ type: "daprd-up" });
    expect([sidecar.phase, sidecar.orders.relayOpen, sidecar.pass.delivery]).toEqual([
      "recovering",
      true,
      false,
    ]);
  });

  test("lets an app go at once that never had work", () => {
    const sidecar = new Sidecar().at(1000).take(...deletion, idle);
    expect(sidecar.hold).toEqual(["daprd", "daps"]);
  });
});

describe("serving and recovering", () => {
  test("a failed connection holds everything until the app is ready again", () => {
    const sidecar = serving().take({ type: "app-failed" });
    expect([sidecar.phase, sidecar.pass]).toEqual(["recovering", { delivery: false, call: false, opaque: false }]);
    expect(sidecar.orders.relayOpen).toBe(true);
    sidecar.take(ready);
    expect([sidecar.phase, sidecar.pass.delivery]).toEqual(["serving", true]);
  });
});

describe("the drain of a deletion", () => {
  test("parks deliveries from its first moment and lets calls pass", () => {
    const sidecar = serving().at(10_000).take(hook("app"));
    expect(sidecar.pass).toEqual({ delivery: false, call: true, opaque: false });
  });

  test("holds all while a delivery is in flight, and releases in order", () => {
    const sidecar = serving().at(10_000).take(...deletion, idle, traffic({ deliveries: 1 })).at(20_000);
    expect(sidecar.hold).toEqual(["app", "daprd", "daps"]);
    sidecar.take(traffic({})).at(20_399);
    expect(sidecar.hold).toContain("app");
    sidecar.at(20_400);
    expect([sidecar.phase, sidecar.hold]).toEqual(["leaving", ["daprd", "daps"]]);
    expect(sidecar.pass.call).toBe(false);
    sidecar.at(21_000).take(appGone);
    expect([sidecar.orders.stopDaprdPromptly, sidecar.hold]).toEqual([true, ["daprd", "daps"]]);
    sidecar.take(daprdGone);
    expect([sidecar.phase, sidecar.hold, sidecar.orders.exit]).toEqual(["gone", [], false]);
    expect(sidecar.take(sigterm).orders.exit).toBe(true);
  });

  test("does not take the app for idle before it was asked", () => {
    const sidecar = serving().take(idle).at(10_000).take(...deletion).at(15_000);
    expect(sidecar.hold).toContain("app");
    sidecar.take(idle).at(15_400);
    expect(sidecar.hold).not.toContain("app");
  });

  test("waits for a busy app with nothing in flight", () => {
    const sidecar = serving().take(...deletion, busy).at(20_000);
    expect(sidecar.hold).toContain("app");
    sidecar.take(idle).at(20_400);
    expect(sidecar.hold).not.toContain("app");
  });

  test("starts to settle anew when a delivery comes in between", () => {
    const sidecar = serving().take(...deletion, idle).at(300).take(traffic({ deliveries: 1 })).at(350).take(
      traffic({}),
    );
    sidecar.at(749);
    expect(sidecar.hold).toContain("app");
    sidecar.at(750);
    expect(sidecar.hold).not.toContain("app");
  });

  test("counts bytes on connections it can't look into as work", () => {
    const sidecar = serving().at(1000).take(...deletion, idle, traffic({ opaqueAt: 990 }));
    sidecar.at(1300).take(traffic({ opaqueAt: 1250 })).at(2000);
    expect(sidecar.state.drain?.idleSince).toBe(1650);
    expect(sidecar.hold).toContain("app");
    sidecar.at(2050);
    expect(sidecar.hold).not.toContain("app");
  });

  test("releases an app that went away by itself at once", () => {
    const sidecar = serving().take(...deletion, busy, traffic({ deliveries: 3 })).at(2000).take(appGone);
    expect([sidecar.phase, sidecar.hold]).toEqual(["leaving", ["daprd", "daps"]]);
    expect(sidecar.orders.stopDaprdPromptly).toBe(true);
  });

  test("stops an ordinary daprd promptly, with SIGTERM when that shows no effect", () => {
    const sidecar = serving().take(...deletion, idle, traffic({ parked: 2 })).at(400).take(appGone);
    expect(sidecar.orders.stopDaprdPromptly).toBe(true);
    expect(sidecar.hold).toEqual(["daprd", "daps"]);
    sidecar.at(5399);
    expect(sidecar.hold).toEqual(["daprd", "daps"]);
    sidecar.at(5400);
    expect(sidecar.hold).toEqual(["daps"]);
  });

  test.each(
    [
      { daprdStop: "graceful", parked: 2, prompt: false },
      { daprdStop: "prompt", parked: 0, prompt: true },
      { daprdStop: "auto", parked: 0, prompt: true },
    ] as const,
  )("daprd-stop $daprdStop with $parked parked: prompt $prompt", ({ daprdStop, parked, prompt }) => {
    const sidecar = serving({ daprdStop }).take(...deletion, idle, traffic({ parked })).at(400).take(appGone);
    expect(sidecar.orders.stopDaprdPromptly).toBe(prompt);
    expect(sidecar.hold.includes("daprd")).toBe(prompt);
  });

  test("never stops a Job's daprd by force", () => {
    const sidecar = serving({ job: true, daprdStop: "prompt" }).take(...deletion, idle, traffic({ parked: 1 })).at(400);
    expect(sidecar.take(appGone).orders.stopDaprdPromptly).toBe(false);
  });

  describe("with a native daprd", () => {
    const left = (parked: number) =>
      serving({ daprdNative: true }).take(hook("app"), hook("daps"), idle, traffic({ parked })).at(400);

    test("learns from the kubelet that the app is gone, and then ends daprd before itself", () => {
      const sidecar = left(2).take(appGone).at(5000);
      expect([sidecar.phase, sidecar.hold, sidecar.orders.stopDaprdPromptly]).toEqual(["leaving", [], false]);
      sidecar.take(sigterm);
      expect([sidecar.phase, sidecar.orders]).toMatchObject([
        "leaving",
        { stopDaprdPromptly: true, exit: false },
      ]);
      expect(sidecar.take(daprdGone).orders.exit).toBe(true);
    });

    test("leaves one that does not end to the kubelet, if nothing is parked", () => {
      expect(left(0).take(sigterm).at(10_000).orders.exit).toBe(true);
      const parked = left(1).take(sigterm).at(10_000);
      expect(parked.orders).toMatchObject({ stopDaprdPromptly: true, exit: false });
      expect(parked.take(traffic({})).orders.exit).toBe(true);
    });

    test("does so at once with `daprd-stop: graceful`", () => {
      const sidecar = serving({ daprdNative: true, daprdStop: "graceful" }).take(hook("app"), hook("daps"), idle)
        .at(400);
      expect(sidecar.take(sigterm).orders).toMatchObject({ stopDaprdPromptly: false, exit: true });
      const parked = serving({ daprdNative: true, daprdStop: "graceful" }).take(hook("app"), hook("daps"), idle)
        .take(traffic({ parked: 1 })).at(400).take(sigterm);
      expect(parked.orders).toMatchObject({ stopDaprdGracefully: true, exit: false });
    });
  });

  test("begins with the daps hook alone: of an app that DAPS does not hold, or that has ended; of a Job", () => {
    const deleted = ["deletion", "leaving"];
    const unheld = serving({ appHeld: false }).take(hook("daps"), idle).at(2000);
    expect([unheld.state.drain?.cause, unheld.phase]).toEqual(deleted);
    const ended = serving().take(hook("daps"), idle, appGone).at(100);
    expect([ended.state.drain?.cause, ended.phase]).toEqual(deleted);
    const job = serving({ job: true }).take(hook("daps"), idle).at(2000);
    expect([job.state.drain?.cause, job.phase]).toEqual(deleted);
  });
});

describe("a drain that runs out of time", () => {
  test("lets go in order a margin before the grace period ends", () => {
    const sidecar = serving().take(...deletion, busy, traffic({ deliveries: 1, parked: 1 })).at(56_999);
    expect(sidecar.hold).toEqual(["app", "daprd", "daps"]);
    sidecar.at(57_000);
    expect([sidecar.phase, sidecar.hold]).toEqual(["forced", ["daprd", "daps"]]);
    sidecar.at(58_000);
    expect(sidecar.orders.stopDaprdPromptly).toBe(true);
    sidecar.take(daprdGone);
    expect([sidecar.phase, sidecar.hold]).toEqual(["gone", []]);
  });

  test("answers every hook before the grace period ends, whatever daprd does", () => {
    const sidecar = serving().take(...deletion, busy).at(59_999);
    expect(sidecar.hold).toEqual([]);
  });

  test("takes half of a grace period that is shorter than two margins", () => {
    const sidecar = serving({ gracePeriodMs: 4000 }).take(...deletion, busy).at(1999);
    expect(sidecar.phase).toBe("draining");
    expect(sidecar.at(2000).phase).toBe("forced");
  });

  test("is forced by SIGTERM while a hook is held: the real grace period was shorter", () => {
    const sidecar = serving().take(...deletion, busy, traffic({ deliveries: 1 })).at(5000).take(sigterm);
    expect([sidecar.phase, sidecar.hold]).toEqual(["forced", ["daprd", "daps"]]);
    expect(sidecar.at(5500).orders.stopDaprdPromptly).toBe(true);
    sidecar.take(daprdGone);
    expect(sidecar.orders.exit).toBe(true);
  });

  describe("of a pod that begins", () => {
    test.each([
      { title: "before", events: [sigterm, hook("app")] },
      { title: "after", events: [hook("app"), hook("daprd"), sigterm] },
      { title: "between", events: [hook("app"), sigterm] },
    ])("is not forced by the SIGTERM of a DAPS whose own hook came too early, $title the others", ({ events }) => {
      const sidecar = new Sidecar().take(...events, idle).at(2000);
      expect([sidecar.phase, sidecar.hold.includes("app")]).toEqual(["leaving", false]);
      sidecar.take(appGone, daprdGone);
      expect([sidecar.phase, sidecar.orders.exit]).toEqual(["gone", true]);
      expect(sidecar.state.drain).toMatchObject({ cause: "deletion", forcedAt: null });
    });
  });

  test("does not close what is parked on its own SIGTERM before daprd is gone", () => {
    const sidecar = serving().take(...deletion, busy, traffic({ parked: 1 })).at(5000).take(sigterm).at(120_000);
    expect([sidecar.phase, sidecar.orders.exit]).toEqual(["forced", false]);
  });
});

describe("a restart inside a living pod", () => {
  test("of the app: its hook alone, held for the work in flight, then recovering until the new process is ready", () => {
    const sidecar = serving().at(10_000).take(hook("app"), idle, traffic({ deliveries: 1 })).at(12_000);
    expect([sidecar.state.drain?.cause, sidecar.hold]).toEqual(["restart-app", ["app"]]);
    sidecar.take(traffic({ parked: 1 })).at(12_400);
    expect([sidecar.phase, sidecar.hold, sidecar.pass.delivery]).toEqual(["recovering", [], false]);
    // The old process still answers.
    expect(sidecar.take(ready).phase).toBe("recovering");
    expect(sidecar.take(appGone, ready).phase).toBe("serving");
  });

  test("of the app: held no longer than restart-drain", () => {
    const sidecar = serving().take(hook("app"), busy).at(9999);
    expect(sidecar.hold).toEqual(["app"]);
    expect(sidecar.at(10_000).hold).toEqual([]);
  });

  test("of the app while gating: back to gating", () => {
    const sidecar = new Sidecar().take(hook("app"), idle).at(1000);
    expect([sidecar.phase, sidecar.orders.relayOpen]).toEqual(["gating", false]);
  });

  test("of daprd: its hook alone is answered, and serving goes on", () => {
    const sidecar = serving().take(hook("daprd"), idle).at(4999);
    expect(sidecar.hold).toEqual(["daprd"]);
    expect([sidecar.at(5000).hold, sidecar.take(ready).phase]).toEqual([[], "serving"]);
  });

  test("is not what a deletion is whose other hooks come seconds after daprd's", () => {
    const sidecar = serving().take(hook("daprd"), busy, traffic({ deliveries: 1 })).at(4000).take(hook("app"));
    expect([sidecar.state.drain?.cause, sidecar.state.drain?.deadline]).toEqual(["deletion", 57_000]);
    expect(sidecar.at(30_000).hold).toEqual(["app", "daprd"]);
  });

  test("that turns into a deletion: a new drain, with the grace period from then on", () => {
    const sidecar = serving().take(hook("app"), busy).at(8000).take(...deletion, busy);
    expect([sidecar.state.drain?.cause, sidecar.state.drain?.deadline]).toEqual(["deletion", 65_000]);
    expect(sidecar.at(30_000).hold).toEqual(["app", "daprd", "daps"]);
  });

  test("of the app, then a deletion: the app's hook is held anew", () => {
    const sidecar = serving().take(hook("app"), idle).at(1000).take(appGone, ready).at(5000).take(...deletion, busy);
    expect(sidecar.hold).toEqual(["app", "daprd", "daps"]);
  });
});

describe("a restart of DAPS alone", () => {
  test.each([false, true])(
    "stops daprd first, be it native (%s): its hook is answered when daprd is gone",
    (native) => {
      const sidecar = serving({ daprdNative: native }).take(hook("daps"), idle, traffic({ deliveries: 1 })).at(999);
      expect([sidecar.phase, sidecar.hold, sidecar.pass.delivery]).toEqual(["draining", ["daps"], false]);
      sidecar.at(1500).take(traffic({ parked: 3 })).at(1900);
      expect([sidecar.state.drain?.cause, sidecar.phase]).toEqual(["restart-daps", "leaving"]);
      expect([sidecar.orders.stopDaprdPromptly, sidecar.hold]).toEqual([true, ["daps"]]);
      expect(sidecar.take(daprdGone).hold).toEqual([]);
      expect(sidecar.take(sigterm).orders.exit).toBe(true);
    },
  );

  test("waits for work in flight no longer than a failed liveness leaves it", () => {
    const sidecar = serving().take(hook("daps"), busy, traffic({ deliveries: 1 })).at(2999);
    expect(sidecar.orders.stopDaprdPromptly).toBe(false);
    expect(sidecar.at(3000).orders.stopDaprdPromptly).toBe(true);
  });

  test("becomes a deletion when another hook comes, whose drain begins anew", () => {
    const sidecar = serving().take(hook("daps"), busy).at(3000).take(hook("app"), hook("daprd"), busy);
    expect([sidecar.state.drain?.cause, sidecar.phase]).toEqual(["deletion", "draining"]);
    expect([sidecar.orders.stopDaprdPromptly, sidecar.hold]).toEqual([false, ["app", "daprd", "daps"]]);
  });
});

describe("SIGTERM without any hook", () => {
  test("is one too, and work in flight has as long as in a restart of the app", () => {
    const sidecar = serving().take(sigterm, idle, traffic({ deliveries: 1, parked: 1 })).at(9999);
    expect([sidecar.state.drain?.cause, sidecar.phase]).toEqual(["restart-daps", "draining"]);
    sidecar.at(10_000);
    expect([sidecar.orders.stopDaprdPromptly, sidecar.orders.exit]).toEqual([true, false]);
    expect(sidecar.take(daprdGone).orders.exit).toBe(true);
  });

  test("drains, then exits, where it may be a deletion", () => {
    const sidecar = serving({ appHeld: false }).take(sigterm, idle, traffic({ deliveries: 1 })).at(5000);
    expect(sidecar.phase).toBe("draining");
    sidecar.take(traffic({})).at(5400);
    expect([sidecar.phase, sidecar.orders.exit]).toEqual(["gone", true]);
  });

  test("stays for what is parked until daprd is gone", () => {
    const sidecar = serving({ appHeld: false }).take(sigterm, idle, traffic({ parked: 1 })).at(5000);
    expect([sidecar.phase, sidecar.orders.exit]).toEqual(["leaving", false]);
    expect(sidecar.take(daprdGone).orders.exit).toBe(true);
  });
});
