/**
 * What is said at the end: a table, the failures by name, and the count on the last line.
 * @module
 */
import { type Outcome, totals } from "./outcome.ts";

const REASON_LENGTH = 300;

export function table(outcomes: readonly Outcome[]): string {
  const rows = [
    ["part", "passed", "failed", "time"],
    ...outcomes.map(({ label, passed, failures, ms }) => [label, `${passed}`, `${failures.length}`, seconds(ms)]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join(
      "  ",
    )
  ).join("\n");
}

/** Each failure on a line: part, file, test and the first line of the reason. */
export function failureList(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ label, failures }) =>
    failures.map(({ test, file, reason }) => {
      const short = reason.length > REASON_LENGTH ? `${reason.slice(0, REASON_LENGTH)}…` : reason;
      return `FAILED ${label}: ${file === undefined ? "" : `${file}: `}${test === label ? "" : `${test}: `}${short}`;
    })
  );
}

export function json(outcomes: readonly Outcome[]): string {
  return JSON.stringify({ ...totals(outcomes), parts: outcomes });
}

/** The last line of the output, for programs. */
export function lastLine(outcomes: readonly Outcome[]): string {
  const { passed, failed } = totals(outcomes);
  return `${passed} passed, ${failed} failed`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`;
}
