/**
 * Durations as Go and Kubernetes write them: `250ms`, `1m30s`.
 * @module
 */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  // Go takes both letters that look so: the micro sign and the Greek mu.
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy;

/** Milliseconds, or undefined if `text` is not a duration (Go's `time.ParseDuration` without a sign). */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  let ms = 0;
  let end = 0;
  for (const part of text.matchAll(PART)) {
    ms += Number(part[1]) * (UNIT_MS[part[2] ?? ""] ?? Number.NaN);
    end = part.index + part[0].length;
  }
  return end > 0 && end === text.length && Number.isFinite(ms) ? ms : undefined;
}

/** The shortest way to write `ms` milliseconds, to the millisecond: `1m30s`, `250ms`, `0s`. */
export function formatDuration(ms: number): string {
  const rounded = Math.round(ms);
  if (rounded < 1000) return rounded === 0 ? "0s" : `${rounded}ms`;
  const hours = Math.floor(rounded / 3_600_000);
  const minutes = Math.floor(rounded % 3_600_000 / 60_000);
  const seconds = rounded % 60_000 / 1000;
  return `${hours ? `${hours}h` : ""}${minutes ? `${minutes}m` : ""}${seconds ? `${seconds}s` : ""}`;
}
