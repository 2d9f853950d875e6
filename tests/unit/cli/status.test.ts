import { describe, expect, it } from "vitest";
import { readStatus } from "../../../services/cli/status/answer.ts";
import type { Cluster, SidecarPod } from "../../../services/cli/status/cluster.ts";
import { status, type StatusOptions } from "../../../services/cli/status/command.ts";
import { age } from "../../../services/cli/status/print.ts";
import { UsageError } from "../../../services/cli/terminal.ts";
import type { Status } from "../../../services/core/status.ts";
import { memoryTerminal } from "./terminal.ts";

const NOW = Date.parse("2026-11-23T07:00:00Z");

const SERVING: Status = {
  phase: "serving",
  since: "2026-11-23T06:58:30Z",
  inFlight: { delivery: 0, call: 0, opaque: 0 },
  parked: 0,
  busy: { source: "in-flight", value: false, reason: null },
  waitingFor: null,
  deadline: null,
};

const DRAINING: Status = {
  phase: "draining",
  since: "2026-11-23T06:59:58Z",
  inFlight: { delivery: 2, call: 1, opaque: 3 },
  parked: 4,
  busy: { source: "endpoint", value: true, reason: "2 orders" },
  waitingFor: "2 deliveries in flight",
  deadline: "2026-11-23T07:00:27Z",
};

function pod(name: string, parts: Partial<SidecarPod> = {}): SidecarPod {
  return { namespace: "orders", name, injected: true, ended: false, admission: "injected", warnings: [], ...parts };
}

/** A cluster in memory, which remembers what was listed. */
function clusterOf(answers: readonly (readonly [SidecarPod, Status | Error])[]) {
  const listed: (string | undefined)[] = [];
  const cluster: Cluster = {
    namespace: "of-context",
    list: (namespace) => {
      listed.push(namespace);
      return Promise.resolve(answers.map(([each]) => each));
    },
    read: (namespace, name) => Promise.resolve(answers[0]?.[0] ?? pod(name, { namespace })),
    ask: (asked) => {
      const answer = answers.find(([{ name }]) => name === asked.name)?.[1] ?? new Error("never asked");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  return { cluster, listed };
}

async function run(answers: Parameters<typeof clusterOf>[0], name?: string, options: StatusOptions = {}) {
  const { cluster, listed } = clusterOf(answers);
  const terminal = memoryTerminal({}, NOW);
  const code = await status(name, options, () => cluster, terminal);
  return { code, listed, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

describe("daps status", () => {
  it("shows a row for each pod", async () => {
    const { code, listed, stdout } = await run([[pod("a"), SERVING], [pod("b"), DRAINING]]);
    expect([code, listed]).toEqual([0, ["of-context"]]);
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["NAMESPACE", "POD", "PHASE", "SINCE", "IN FLIGHT", "PARKED", "BUSY", "DEADLINE", "WAITING FOR"],
      ["orders", "a", "serving", "1m30s", "0", "0", "no endpoint", "-", "-"],
      [
        "orders",
        "b",
        "draining",
        "2s",
        "2 deliveries, 1 call, 3 opaque",
        "4",
        "yes (2 orders)",
        "in 27s",
        "2 deliveries in flight",
      ],
      [""],
    ]);
  });

  it("goes on where a sidecar does not answer, and says why", async () => {
    const refused = new Error("503 connection refused");
    const { code, stdout } = await run([[pod("a"), refused], [pod("b"), SERVING], [
      pod("c", { ended: true }),
      refused,
    ]]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^orders +a +\? .* 503 connection refused$/m);
    expect(stdout).toMatch(/^orders +b +serving /m);
    expect(stdout).toMatch(/^orders +c +ended .* -$/m);
  });

  it("shows each warning once, with its pods", async () => {
    const warnings = ["daps: A grace period of 30s … [grace-period]"];
    const pods = ["a", "b", "c", "d", "e"].map((name) => [pod(name, { warnings }), SERVING] as const);
    const { stdout } = await run(pods);
    expect(stdout).toContain(`\n\n${warnings[0]}\n  on orders/a, orders/b, orders/c and 2 more pods\n`);
  });

  it("asks more pods than at once", async () => {
    const pods = Array.from({ length: 50 }, (_, i) => [pod(`p${i}`), SERVING] as const);
    const { stdout } = await run(pods, undefined, { json: true });
    expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).toEqual(pods.map(([{ name }]) => name));
  });

  it("speaks JSON", async () => {
    const { stdout } = await run([[pod("a", { warnings: ["x"] }), DRAINING], [pod("b"), new Error("no")]], undefined, {
      json: true,
    });
    expect(JSON.parse(stdout)).toEqual([
      { namespace: "orders", name: "a", ended: false, status: DRAINING, error: null, warnings: ["x"] },
      { namespace: "orders", name: "b", ended: false, status: null, error: "no", warnings: [] },
    ]);
    expect(JSON.parse((await run([], undefined, { json: true })).stdout)).toEqual([]);
  });

  it("takes the namespace that it is given, or all", async () => {
    expect((await run([], undefined, { namespace: "x" })).listed).toEqual(["x"]);
    const { code, listed, stdout, stderr } = await run([], undefined, { allNamespaces: true });
    expect([code, listed, stdout, stderr]).toEqual([0, [undefined], "", "No pods with DAPS in any namespace\n"]);
  });

  it("says why one pod has no DAPS", async () => {
    const bare = pod("a", { injected: false, admission: "skipped: host-network", warnings: ["daps: The pod uses …"] });
    await expect(run([[bare, SERVING]], "a")).rejects.toThrow(
      new UsageError("Pod orders/a has no DAPS: skipped: host-network\n  daps: The pod uses …"),
    );
  });

  it("refuses options that contradict each other", async () => {
    await expect(run([], undefined, { allNamespaces: true, namespace: "x" })).rejects.toThrow(
      "--all-namespaces with --namespace",
    );
    await expect(run([], "a", { allNamespaces: true })).rejects.toThrow("--all-namespaces with a pod's name");
  });
});

describe("age()", () => {
  it.each([[-5, "0s"], [999, "0s"], [61_000, "1m1s"], [3_725_000, "1h2m"], [172_800_000, "2d"], [180_000_000, "2d2h"]])(
    "of %i ms is %s",
    (ms, text) => {
      expect(age(ms)).toBe(text);
    },
  );
});

describe("readStatus()", () => {
  it("takes text and JSON", () => {
    expect(readStatus(DRAINING)).toEqual(DRAINING);
    expect(readStatus(JSON.stringify(SERVING))).toEqual(SERVING);
  });

  it.each([
    ["<html>", "the answer is no status of DAPS: it must be Object: received"],
    [{ ...SERVING, phase: "asleep" }, "phase must be"],
    [{ ...SERVING, inFlight: {} }, "inFlight.delivery must be"],
  ])("refuses %j", (answer, message) => {
    expect(() => readStatus(answer)).toThrow(message);
  });
});
