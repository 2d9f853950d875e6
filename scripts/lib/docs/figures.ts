/**
 * The figures of the README, from runs of `./scripts/demo --json`.
 * @module
 */
import * as v from "valibot";
import { markdownTable } from "./blocks.ts";

const side = v.object({
  published: v.number(),
  lost: v.number(),
  cutOff: v.number(),
  repeated: v.number(),
  early: v.number(),
});
const demo = v.object({ alone: side, daps: side });

export type Demo = v.InferOutput<typeof demo>;

/** @throws {v.ValiError} if the text is not what `./scripts/demo --json` prints on its last line */
export function parseDemo(text: string): Demo {
  return v.parse(demo, JSON.parse(text.trim().split("\n").at(-1) ?? ""));
}

/** @param runs the runs, by what is said of Dapr's sidecar in each */
export function figuresTable(runs: Readonly<Record<string, Demo>>): string {
  const row = (what: string, { published, lost, cutOff, repeated, early }: Demo["alone"]) => [
    what,
    ...[published, lost, cutOff, repeated, early].map(String),
  ];
  return markdownTable(
    ["set-up", "published", "lost", "cut off", "repeated", "early"],
    Object.entries(runs).flatMap(([sidecar, { alone, daps }]) => [
      row(`Dapr alone, ${sidecar}`, alone),
      row(`with DAPS, ${sidecar}`, daps),
    ]),
  );
}
