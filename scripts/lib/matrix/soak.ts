/**
 * A soak: what happens to whom, by choices that a seed gives again, and what a run of it came to.
 *
 * @module
 */
import * as v from "valibot";
import { markdownTable } from "../docs/blocks.ts";
import type { Random } from "../proof/random.ts";

/** The variables of a run: how long it lasts, in minutes; the seed; the file that its result is written to. */
export const SOAK_MINUTES = "DAPS_SOAK_MINUTES";
export const SOAK_SEED = "DAPS_SOAK_SEED";
export const SOAK_RESULT = "DAPS_SOAK_RESULT";

/** What can happen, and how often beside the others. */
const WEIGHTS = {
  "rolling restart": 5,
  "pod deleted": 4,
  "pod evicted": 2,
  "scaled in and out": 3,
  "app killed": 3,
  "daprd killed": 2,
  "broker restarted": 1,
  "API server stopped for 10 s": 1,
  "webhook replica killed": 1,
  "sentry restarted": 1,
} as const;

export type Happening = keyof typeof WEIGHTS;
export const HAPPENINGS = Object.keys(WEIGHTS) as Happening[];

/** One of a list, each as likely as the other. */
export function oneOf<T>(random: Random, list: readonly T[]): T | undefined {
  return list[Math.floor(random() * list.length)];
}

/** What happens next. */
export function nextHappening(random: Random): Happening {
  let left = random() * Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0);
  for (const happening of HAPPENINGS) {
    left -= WEIGHTS[happening];
    if (left < 0) return happening;
  }
  return "rolling restart";
}

const result = v.object({
  seed: v.number(),
  minutes: v.number(),
  published: v.number(),
  lost: v.number(),
  cutOff: v.number(),
  repeated: v.number(),
  forced: v.number(),
  happenings: v.record(v.string(), v.number()),
});

export type SoakResult = v.InferOutput<typeof result>;

/** @throws {v.ValiError} for a text that is no result of a soak */
export function parseSoak(text: string): SoakResult {
  return v.parse(result, JSON.parse(text));
}

/** A run for docs/reliability.md. */
export function soakTables({ seed, minutes, happenings, ...counts }: SoakResult): string {
  const what = `A run of ${minutes} minutes with the seed ${seed}:`;
  const messages = markdownTable(["published", "lost", "cut off", "repeated", "drains forced"], [
    [counts.published, counts.lost, counts.cutOff, counts.repeated, counts.forced].map(String),
  ]);
  const times = Object.entries(happenings).map(([happening, count]) => [happening, String(count)]);
  return [what, messages, markdownTable(["what happened", "times"], times)].join("\n\n");
}
