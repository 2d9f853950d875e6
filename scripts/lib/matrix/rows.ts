/**
 * What the tests of the matrix have seen: a line of JSON for each scenario and side, in the file that the runner names.
 *
 * @module
 */
import * as v from "valibot";
import { ALONE, MODE_IDS, type Side } from "./modes.ts";
import { modesOf, SCENARIOS } from "./scenarios.ts";

/** The variable that names the file; without it nothing is written. */
export const ROWS_VARIABLE = "DAPS_MATRIX_ROWS";
/** The variable that is `all` when each scenario is to run in all of its modes. */
export const MODES_VARIABLE = "DAPS_MATRIX_MODES";

const row = v.object({
  scenario: v.string(),
  side: v.picklist([...ALONE, ...MODE_IDS]),
  /** Counts by their names: those of an account, and what else the scenario counts. */
  figures: v.record(v.string(), v.number()),
});

export type Row = v.InferOutput<typeof row>;
export type Figures = Row["figures"];

/** @throws {v.ValiError} for a line that is no row */
export function parseRows(text: string): Row[] {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => v.parse(row, JSON.parse(line)));
}

/** The earlier rows with the later ones in their places, in the order of the scenarios; what is no scenario any more goes. */
export function mergeRows(earlier: readonly Row[], later: readonly Row[]): Row[] {
  const all = new Map([...earlier, ...later].map((each) => [`${each.scenario} ${each.side}`, each]));
  const sides: readonly Side[] = [...ALONE, ...MODE_IDS];
  return Object.keys(SCENARIOS).flatMap((id) => sides.flatMap((side) => all.get(`${id} ${side}`) ?? []));
}

/** What is missing for a whole matrix, as in `scale-in in mode on`. */
export function missingRows(rows: readonly Row[], scenarios: readonly string[] = Object.keys(SCENARIOS)): string[] {
  const there = new Set(rows.map(({ scenario, side }) => `${scenario} ${side}`));
  return scenarios.flatMap((id) =>
    modesOf(id, true).filter((mode) => !there.has(`${id} ${mode}`)).map((mode) => `${id} in mode ${mode}`)
  );
}
