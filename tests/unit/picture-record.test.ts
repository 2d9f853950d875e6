import type { V1ContainerStatus } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import type { PodChange } from "../../scripts/lib/proof/index.ts";
import { assemble } from "../../scripts/lib/picture/record/assemble.ts";
import { passageOf } from "../../scripts/lib/picture/record/firehose.ts";
import { logFacts } from "../../scripts/lib/picture/record/logs.ts";
import { podEvents } from "../../scripts/lib/picture/record/pods.ts";

/** As a watch gives it, with texts instead of dates. */
function change(at: number, container: object, more: { deleted?: boolean; type?: PodChange["type"] } = {}): PodChange {
  const deletionTimestamp = more.deleted ? { deletionTimestamp: "1970-01-01T00:01:00Z" as unknown as Date } : {};
  return {
    type: more.type ?? "update",
    at,
    pod: {
      metadata: { name: "p", ...deletionTimestamp },
      status: { podIP: "10.0.0.7", containerStatuses: [{ name: "app", ...container } as V1ContainerStatus] },
    },
  };
}

const running = { ready: false, state: { running: { startedAt: "1970-01-01T00:00:10Z" } } };
const ended = {
  ready: false,
  state: { terminated: { startedAt: "1970-01-01T00:00:10Z", finishedAt: "1970-01-01T00:00:20Z" } },
};
const life = [
  change(10_400, running),
  change(12_000, { ...running, ready: true }),
  change(13_000, running, { deleted: true }),
  change(21_500, ended, { deleted: true }),
  change(22_000, ended, { deleted: true, type: "delete" }),
];

describe("what the API server tells of a pod", () => {
  test("is told once, with the middle of what a whole second leaves open", () => {
    expect(podEvents(life, [])).toEqual([
      { kind: "running", at: 10_200, pod: "p", container: "app" },
      { kind: "ready", at: 12_000, pod: "p", container: "app" },
      { kind: "deleted", at: 13_000, pod: "p" },
      { kind: "ended", at: 20_500, pod: "p", container: "app" },
      { kind: "gone", at: 22_000, pod: "p" },
    ]);
  });

  test("gives way to what is known better, unless that can't be", () => {
    const own = { pod: "p", container: "app" };
    const known = [{ kind: "running", at: 10_333, ...own }, { kind: "ready", at: 11_111, ...own }] as const;
    expect(podEvents(life, known).map(({ at }) => at)).toEqual([10_333, 11_111, 13_000, 20_500, 22_000]);
    const wrong = [{ kind: "ended", at: 30_000, ...own }, { kind: "ready", at: 12_001, ...own }] as const;
    expect(podEvents(life, wrong)).toEqual(podEvents(life, []));
    expect(podEvents(life, [{ kind: "ended", at: 20_100, pod: "other", container: "app" }])).toEqual(
      podEvents(life, []),
    );
  });
});

describe("what the logs say", () => {
  const daps = (at: number, line: object | string) => ({
    pod: "p",
    container: "daps",
    at,
    text: typeof line === "string" ? line : JSON.stringify(line),
  });

  test("of DAPS: its phases, by its own clock, and its signal", () => {
    const time = (ms: number) => new Date(ms).toISOString();
    const { events, known } = logFacts([
      daps(101, { time: time(100), msg: "gating", ready: {} }),
      daps(201, { time: time(200), msg: "gating → serving", phase: "serving" }),
      daps(251, { time: time(250), msg: "waiting for the app", phase: "serving" }),
      daps(260, "not JSON"),
      daps(301, { time: time(300), msg: "asked to end", signal: "SIGTERM" }),
    ]);
    expect(events).toEqual([
      { kind: "phase", at: 100, pod: "p", phase: "gating" },
      { kind: "phase", at: 200, pod: "p", phase: "serving" },
      { kind: "sigterm", at: 300, pod: "p", container: "daps" },
    ]);
    expect(known).toEqual([
      { kind: "running", at: 101, pod: "p", container: "daps" },
      { kind: "ended", at: 301, pod: "p", container: "daps" },
    ]);
  });

  test("of daprd: when it had started, and its signal", () => {
    const daprd = (at: number, msg: string) => ({ pod: "p", container: "daprd", at, text: `level=info msg="${msg}"` });
    const { events, known } = logFacts([
      daprd(5, "Starting Dapr Runtime"),
      daprd(9, "dapr initialized. Status: Running. Init Elapsed 120ms"),
      daprd(30, "Received signal 'terminated'; beginning shutdown"),
    ]);
    expect(events).toEqual([{ kind: "sigterm", at: 30, pod: "p", container: "daprd" }]);
    expect(known.find(({ kind }) => kind === "ready")?.at).toBe(9);
  });
});

describe("the broker's firehose", () => {
  const headers = { properties: { message_id: "1-01" }, connection: "10.0.0.7:5555 -> 10.0.0.1:5672" };

  test("tells who got which message", () => {
    expect(passageOf("deliver.worker-topic", headers, 5)).toEqual({
      kind: "delivered",
      place: "worker-topic",
      message: "1-01",
      peer: "10.0.0.7",
      at: 5,
    });
    expect(passageOf("publish.a.b", headers, 5)).toMatchObject({ kind: "published", place: "a.b" });
  });

  test("tells nothing of a message without id, or in another form", () => {
    expect(passageOf("deliver.worker-topic", { properties: {} }, 5)).toBeUndefined();
    expect(passageOf("deliver.worker-topic", {}, 5)).toBeUndefined();
    expect(passageOf("other", headers, 5)).toBeUndefined();
  });
});

describe("a side's events", () => {
  const told = { pod: "p", instance: "i", sequence: 0 };
  const passage = { message: "1-01", peer: "10.0.0.7" };

  test("are in the order of their times, of this run's messages and of this side's queue", () => {
    const events = assemble({
      names: { topic: "t", queue: "q" },
      published: ["1-01"],
      changes: life,
      told: [
        { ...told, kind: "ready", at: 11_000 },
        { ...told, kind: "begun", at: 14_002, message: "1-01", attempt: "x" },
        { ...told, kind: "begun", at: 14_003, message: "0-99", attempt: "y" },
        { ...told, kind: "sigterm", at: 13_050 },
      ],
      passages: [
        { kind: "delivered", place: "q", at: 14_001, ...passage },
        { kind: "published", place: "t", at: 14_000, ...passage },
        { kind: "delivered", place: "q", at: 14_500, message: "1-01", peer: "10.0.0.8" },
        { kind: "delivered", place: "another queue", at: 14_100, ...passage },
      ],
      logs: [],
      rolloutAt: 12_500,
    });
    expect(events.map(({ kind, at }) => [kind, at])).toEqual([
      ["running", 10_200],
      ["ready", 11_000],
      ["rollout", 12_500],
      ["deleted", 13_000],
      ["sigterm", 13_050],
      ["published", 14_000],
      ["delivered", 14_001],
      ["begun", 14_002],
      ["delivered", 14_500],
      ["ended", 20_500],
      ["gone", 22_000],
    ]);
    expect(events.filter(({ kind }) => kind === "delivered")).toMatchObject([{ pod: "p" }, { pod: null }]);
  });
});
