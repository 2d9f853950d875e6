/**
 * Writes what the runs have come to: the rows into docs/reliability.jsonl, the tables made of them into the page.
 *
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceBlock } from "../docs/blocks.ts";
import { repositoryRoot } from "../toolchain/index.ts";
import { matrixTables } from "./page.ts";
import { type SoakResult, soakTables } from "./soak.ts";
import { mergeRows, parseRows, type Row } from "./rows.ts";

export const ROWS_FILE = "docs/reliability.jsonl";
export const PAGE = "docs/reliability.md";

/** Puts the rows of a run, which may be of some lanes only, in the places of earlier ones. */
export async function writeMatrix(rows: readonly Row[]): Promise<void> {
  const [file, page] = [join(repositoryRoot, ROWS_FILE), join(repositoryRoot, PAGE)];
  const merged = mergeRows(parseRows(await readFile(file, "utf8").catch(() => "")), rows);
  await writeFile(file, merged.map((row) => JSON.stringify(row) + "\n").join(""));
  await writeFile(page, replaceBlock(await readFile(page, "utf8"), "matrix", matrixTables(merged)));
}

/** Puts a run of a soak in the place of an earlier one. */
export async function writeSoak(result: SoakResult): Promise<void> {
  const page = join(repositoryRoot, PAGE);
  await writeFile(page, replaceBlock(await readFile(page, "utf8"), "soak", soakTables(result)));
}
