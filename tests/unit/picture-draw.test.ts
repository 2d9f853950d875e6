import { describe, expect, test } from "vitest";
import { draw } from "../../scripts/lib/picture/draw/draw.ts";
import { styleSheet } from "../../scripts/lib/picture/draw/style.ts";
import type { Recording, RolloutEvent } from "../../scripts/lib/picture/recording.ts";

function message(id: string, pod: string, at: number, doneAt: number): RolloutEvent[] {
  return [
    { kind: "published", at, message: id },
    { kind: "delivered", at: at + 50, message: id, pod },
    { kind: "begun", at: at + 60, message: id, pod, attempt: id },
    { kind: "completed", at: doneAt, message: id, pod, attempt: id },
  ];
}

const pod: RolloutEvent[] = [
  { kind: "running", at: -9_000, pod: "p", container: "app" },
  { kind: "ready", at: -2_000, pod: "p", container: "app" },
  { kind: "deleted", at: 3_000, pod: "p" },
  { kind: "sigterm", at: 3_100, pod: "p", container: "app" },
  { kind: "ended", at: 8_000, pod: "p", container: "app" },
];

const recording: Recording = {
  version: 1,
  native: false,
  prefetch: 10,
  seed: 1,
  sides: {
    alone: [
      { kind: "rollout", at: 1_000 },
      ...pod,
      ...message("one", "p", 0, 5_000),
      { kind: "published", at: 500, message: "<two>" },
      { kind: "delivered", at: 3_500, message: "<two>", pod: "p" },
    ],
    daps: [...pod, ...message("one", "p", 0, 5_000), ...message("<two>", "p", 500, 6_000)],
  },
};

describe("draw()", () => {
  const svg = draw(recording);

  test("says the same in words, for those who can't see it", () => {
    expect(svg).toContain('role="img"');
    expect(svg).toContain('aria-labelledby="title desc"');
    expect(svg).toMatch(/<title id="title">What one rolling restart does to 2 messages<\/title>/);
    expect(svg).toMatch(/<desc id="desc">[^<]*Dapr alone: 1 of 2 messages lost\. [^<]*with DAPS: all 2 messages/);
    expect(svg).toContain(">lost: the app of pod A was ending</text>");
  });

  test("draws the same again", () => {
    expect(draw(structuredClone(recording))).toBe(svg);
  });

  test("gives each class that it uses a colour by day and by night", () => {
    const classes = new Set([...svg.matchAll(/class="([^"]+)"/g)].flatMap(([, names]) => names?.split(" ") ?? []));
    expect(classes.size).toBeGreaterThan(10);
    const rules = [...styleSheet().matchAll(/\.([a-z-]+)\{/g)].map(([, name]) => name);
    for (const name of classes) expect(rules.filter((rule) => rule === name)).toHaveLength(2);
    expect(svg).toContain("@media(prefers-color-scheme:dark)");
  });

  test("needs nothing from elsewhere", () => {
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|url\(|@import|href=|<script/);
  });

  test("stays on its card", () => {
    const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)?.map(Number) ?? [];
    const bars = [
      ...svg.matchAll(/<rect class="[^"]*" x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="([\d.]+)"/g),
    ];
    expect(bars.length).toBeGreaterThan(10);
    for (const [left = 0, top = 0, wide = 0, high = 0] of bars.map(([, ...numbers]) => numbers.map(Number))) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(left + wide).toBeLessThanOrEqual(width);
      expect(top + high).toBeLessThanOrEqual(height);
    }
  });

  test("is one document, in which each element is closed", () => {
    const open: string[] = [];
    for (const [, close, name = "", self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (close) expect(open.pop()).toBe(name);
      else if (!self) open.push(name);
    }
    expect(open).toEqual([]);
    expect(svg.endsWith("</svg>\n")).toBe(true);
  });
});
