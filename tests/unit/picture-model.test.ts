import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { messageLanes } from "../../scripts/lib/picture/model/messages.ts";
import { model } from "../../scripts/lib/picture/model/model.ts";
import { podLanes } from "../../scripts/lib/picture/model/pods.ts";
import { readRecording, type RolloutEvent } from "../../scripts/lib/picture/recording.ts";

const END = 100;

function containerEvents(pod: string, container: string, moments: Record<string, number>): RolloutEvent[] {
  return Object.entries(moments).map(([kind, at]) => ({ kind, at, pod, container }) as RolloutEvent);
}

function lanes(events: RolloutEvent[]) {
  return podLanes(events, END).map(({ letter, old, lanes }) => ({
    letter,
    old,
    lanes: lanes.map(({ container, spans }) =>
      `${container}: ${spans.map(({ state, from, to }) => `${state} ${from}–${to}`).join(", ")}`
    ),
  }));
}

describe("the containers of a pod", () => {
  test("without DAPS: daprd serves as soon as it can, until its SIGTERM", () => {
    const events: RolloutEvent[] = [
      ...containerEvents("p", "daprd", { running: 1, ready: 2, sigterm: 40, ended: 50 }),
      ...containerEvents("p", "app", { running: 1, ready: 9, sigterm: 30, ended: 45 }),
      { kind: "deleted", at: 30, pod: "p" },
    ];
    expect(lanes(events)).toEqual([{
      letter: "A",
      old: true,
      lanes: [
        "app: starting 1–9, serving 9–30, draining 30–45",
        "daprd: starting 1–2, serving 2–40, draining 40–50",
      ],
    }]);
    expect(podLanes(events, END)[0]?.lanes.map(({ sigtermAt }) => sigtermAt)).toEqual([30, 40]);
  });

  test("with DAPS: gated until its port is open, and draining from the pod's deletion on", () => {
    const phases = { gating: 3, serving: 9, draining: 31 } as const;
    const events: RolloutEvent[] = [
      ...containerEvents("p", "daprd", { running: 4, ready: 10, ended: 50 }),
      ...containerEvents("p", "app", { running: 2, ready: 8, sigterm: 44, ended: 45 }),
      ...containerEvents("p", "daps", { running: 3, ended: 55 }),
      ...Object.entries(phases).map(([phase, at]) => ({ kind: "phase", at, pod: "p", phase }) as RolloutEvent),
      { kind: "deleted", at: 30, pod: "p" },
    ];
    expect(lanes(events)[0]?.lanes).toEqual([
      "app: starting 2–8, serving 8–30, draining 30–45",
      "daps: gated 3–9, serving 9–30, draining 30–55",
      "daprd: gated 4–9, serving 9–30, draining 30–50",
    ]);
  });

  test("stand as the old ones go, then as the new ones come; what has not ended goes on", () => {
    const events: RolloutEvent[] = [
      { kind: "rollout", at: 10 },
      ...["stays", "second", "first"].flatMap((pod) => containerEvents(pod, "app", { running: 1, ready: 2 })),
      ...["later", "sooner"].flatMap((pod, index) => containerEvents(pod, "app", { running: 22 - index })),
      { kind: "deleted", at: 30, pod: "first" },
      { kind: "gone", at: 40, pod: "first" },
      { kind: "deleted", at: 50, pod: "second" },
      { kind: "gone", at: 60, pod: "second" },
    ];
    expect(podLanes(events, END).map(({ pod, letter, old }) => [letter, pod, old])).toEqual([
      ["A", "first", true],
      ["B", "second", true],
      ["C", "stays", true],
      ["D", "sooner", false],
      ["E", "later", false],
    ]);
    expect(lanes(events)[0]?.lanes).toEqual(["app: starting 1–2, serving 2–30, draining 30–40"]);
    expect(lanes(events)[3]?.lanes).toEqual(["app: starting 21–100"]);
  });
});

function fateOf(...events: RolloutEvent[]) {
  const [lane] = messageLanes([{ kind: "published", at: 10, message: "m" }, ...events], END);
  return {
    outcome: lane?.outcome,
    spans: lane?.spans.map(({ state, from, to, pod }) => `${state} ${from}–${to}${pod ? ` in ${pod}` : ""}`),
    marks: lane?.marks,
  };
}

const delivered = (at: number, pod: string | null) => ({ kind: "delivered", at, message: "m", pod }) as const;
const begun = (at: number, pod: string, attempt = pod) => ({ kind: "begun", at, message: "m", pod, attempt }) as const;
const completed = (at: number, pod: string, attempt = pod) =>
  ({ kind: "completed", at, message: "m", pod, attempt }) as const;

describe("a message", () => {
  test("waits in the queue, is in flight, and is acknowledged", () => {
    expect(fateOf(delivered(15, "a"), begun(16, "a"), completed(30, "a"))).toEqual({
      outcome: "acknowledged",
      spans: ["queued 10–15", "working 16–30 in a"],
      marks: [{ kind: "acknowledged", at: 30, pod: "a" }],
    });
  });

  test("is in flight also if the broker's word of it comes late, or names no pod", () => {
    const late = fateOf(delivered(15, "a"), begun(12, "a"), completed(30, "a"));
    expect(late).toEqual({ ...late, outcome: "acknowledged", spans: ["queued 10–12", "working 12–30 in a"] });
    expect(fateOf(delivered(15, null), begun(16, "a"), completed(30, "a")).outcome).toBe("acknowledged");
  });

  test("is parked where the app does not get it, until the broker gives it to another pod", () => {
    expect(fateOf(delivered(15, "a"), delivered(40, "b"), begun(41, "b"), completed(50, "b"))).toEqual({
      outcome: "acknowledged",
      spans: ["queued 10–15", "parked 15–40 in a", "working 41–50 in b"],
      marks: [{ kind: "acknowledged", at: 50, pod: "b" }],
    });
  });

  test("is parked no longer than until another pod has it, though the broker's word of that comes late", () => {
    const late = fateOf(delivered(15, "a"), begun(38, "b"), delivered(40, "b"), completed(50, "b"));
    expect(late.spans).toEqual(["queued 10–15", "parked 15–38 in a", "working 38–50 in b"]);
  });

  test("is lost when the app was not ready, and nobody gets it again", () => {
    const refused = { kind: "refused", at: 16, message: "m", pod: "a" } as const;
    expect(fateOf(delivered(15, "a"), refused)).toEqual({
      outcome: "lost",
      spans: ["queued 10–15"],
      marks: [{ kind: "lost", at: 16, pod: "a", app: "starting" }],
    });
  });

  test("is lost when its pod was going, and nobody gets it again", () => {
    const deleted = { kind: "deleted", at: 14, pod: "a" } as const;
    expect(fateOf(delivered(15, "a"), deleted).marks).toEqual([
      { kind: "lost", at: 15, pod: "a", app: "ending" },
    ]);
    expect(fateOf(delivered(15, "a")).marks).toEqual([
      { kind: "lost", at: 15, pod: "a", app: undefined },
    ]);
    expect(fateOf().outcome).toBe("lost");
  });

  test("is cut off when the app ends before it is done; another attempt may save it", () => {
    const ended = { kind: "ended", at: 40, pod: "a", container: "app" } as const;
    expect(fateOf(delivered(15, "a"), begun(16, "a"), ended)).toMatchObject({
      outcome: "lost",
      spans: ["queued 10–15", "cutOff 16–40 in a"],
      marks: [{ kind: "lost", at: 40, pod: "a", app: "working" }],
    });
    const saved = fateOf(
      delivered(15, "a"),
      begun(16, "a"),
      ended,
      delivered(41, "b"),
      begun(42, "b"),
      completed(50, "b"),
    );
    expect(saved).toMatchObject({ outcome: "acknowledged", marks: [{ kind: "acknowledged", at: 50, pod: "b" }] });
  });

  test("is repeated when two attempts complete, be it at once", () => {
    const both = [delivered(15, "a"), begun(16, "a"), delivered(20, "b"), begun(21, "b")];
    expect(fateOf(...both, completed(30, "a"), completed(40, "b"))).toEqual({
      outcome: "repeated",
      spans: ["queued 10–15", "working 16–30 in a", "working 21–40 in b"],
      marks: [{ kind: "acknowledged", at: 30, pod: "a" }, { kind: "again", at: 40, pod: "b" }],
    });
  });
});

describe.each(["ordinary", "native"])("the recorded run of an %s daprd", (name) => {
  const file = join(import.meta.dirname, `../../docs/rollout/${name}.json`);
  const { native, sides: [alone, daps] } = model(readRecording(readFileSync(file, "utf8")));

  test("shows the same messages and as many pods on both sides", () => {
    expect(native).toBe(name === "native");
    for (const { pods, messages } of [alone, daps]) {
      expect(messages.map(({ message }) => message)).toEqual(alone.messages.map(({ message }) => message));
      expect(messages).toHaveLength(24);
      expect(pods.map(({ old, deletedAt }) => [old, deletedAt !== undefined])).toEqual([
        [true, true],
        [true, true],
        [false, false],
        [false, false],
      ]);
    }
  });

  test("shows that Dapr alone loses messages, and why each", () => {
    const lost = alone.messages.flatMap(({ marks }) => marks.filter(({ kind }) => kind === "lost"));
    expect(lost).not.toEqual([]);
    expect(lost.map(({ app }) => app)).not.toContain(undefined);
  });

  test("shows that with DAPS each is processed once, those that come in a drain by another pod", () => {
    expect(daps.messages.map(({ outcome }) => outcome)).toEqual(daps.messages.map(() => "acknowledged"));
    const parked = daps.messages.filter(({ spans }) => spans.some(({ state }) => state === "parked"));
    expect(parked).not.toEqual([]);
    for (const { spans } of parked) {
      const pods = spans.flatMap(({ pod }) => pod ?? []);
      expect(new Set(pods).size).toBe(pods.length);
    }
  });

  test("shows the order in which DAPS lets a pod end: app, daprd, DAPS", () => {
    for (const { lanes } of daps.pods.filter(({ old }) => old)) {
      const end = (name: string) => lanes.find(({ container }) => container === name)?.spans.at(-1)?.to ?? Number.NaN;
      expect(end("app")).toBeLessThanOrEqual(end("daprd"));
      expect(end("daprd")).toBeLessThanOrEqual(end("daps"));
    }
  });
});
