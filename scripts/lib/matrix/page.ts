/**
 * The tables of docs/reliability.md.
 *
 * @module
 */
import { markdownTable } from "../docs/blocks.ts";
import { ALONE, MODE_IDS, type Side } from "./modes.ts";
import type { Figures, Row } from "./rows.ts";
import { SCENARIOS } from "./scenarios.ts";

const COLUMNS: Readonly<Record<Side, string>> = {
  "alone": "Dapr alone",
  "alone-native": "Dapr alone, native",
  "oo": "ordinary, ordinary",
  "on": "ordinary, native",
  "nn": "native, native",
};

/** A table for each group, a row for each scenario, a column for each side. */
export function matrixTables(rows: readonly Row[]): string {
  const groups = Object.groupBy(Object.entries(SCENARIOS), ([, { group }]) => group);
  return Object.entries(groups).map(([group, scenarios = []]) => {
    const lines = scenarios.map(([id, { title }]) => [title, ...sides().map((side) => cell(rows, id, side))]);
    return `### ${group}\n\n${markdownTable(["scenario", ...sides().map((side) => COLUMNS[side])], lines)}`;
  }).join("\n\n");
}

function sides(): Side[] {
  return [...ALONE, ...MODE_IDS];
}

function cell(rows: readonly Row[], id: string, side: Side): string {
  const found = rows.find((row) => row.scenario === id && row.side === side);
  return found === undefined ? "–" : inWords(found.figures);
}

/** `0 / 1 / 2 of 30`: lost, cut off and repeated of the published; then what else was counted, by its name. */
function inWords({ published, lost = 0, cutOff = 0, repeated = 0, ...others }: Figures): string {
  const account = published === undefined ? [] : [`${lost} / ${cutOff} / ${repeated} of ${published}`];
  const counted = Object.entries(others).filter(([name, count]) => name !== "early" || count > 0);
  return [...account, ...counted.map(([name, count]) => `${name}: ${count}`)].join(", ");
}
