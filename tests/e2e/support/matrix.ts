/**
 * A test's part in the conservation matrix: in which modes it runs, and what it has seen.
 * @module
 */
import { appendFile } from "node:fs/promises";
import process from "node:process";
import { type Figures, MODES_VARIABLE, ROWS_VARIABLE } from "../../../scripts/lib/matrix/rows.ts";
import type { Side } from "../../../scripts/lib/matrix/modes.ts";
import { modesOf, scenario, type ScenarioId } from "../../../scripts/lib/matrix/scenarios.ts";
import { type Mode, MODES } from "./modes.ts";

export interface Case {
  readonly id: ScenarioId;
  readonly mode: Mode;
  /** The scenario's, and the mode's: the test's name. */
  readonly title: string;
}

/** A case for each mode that the scenarios run in this time. */
export function cases(...ids: readonly ScenarioId[]): Case[] {
  const all = process.env[MODES_VARIABLE] === "all";
  return ids.flatMap((id) =>
    MODES.filter((mode) => modesOf(id, all).includes(mode.id)).map((mode) => ({
      id,
      mode,
      title: `${scenario(id).title}: ${mode.title}`,
    }))
  );
}

/** Puts what a scenario came to on record, for docs/reliability.md and for whoever reads the log. */
export async function record(id: ScenarioId, side: Side, figures: Figures): Promise<void> {
  scenario(id);
  const line = JSON.stringify({ scenario: id, side, figures });
  process.stdout.write(`${line}\n`);
  const file = process.env[ROWS_VARIABLE];
  if (file) await appendFile(file, `${line}\n`);
}
