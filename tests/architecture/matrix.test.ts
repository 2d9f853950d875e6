/** The conservation matrix: what docs/reliability.md says, and that each row of it has its test. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { replaceBlock } from "../../scripts/lib/docs/blocks.ts";
import { matrixTables } from "../../scripts/lib/matrix/page.ts";
import { mergeRows, missingRows, parseRows, type Row } from "../../scripts/lib/matrix/rows.ts";
import { MODE_IDS } from "../../scripts/lib/matrix/modes.ts";
import { ROLLOUTS } from "../../scripts/lib/matrix/rollouts.ts";
import { modesOf, SCENARIOS } from "../../scripts/lib/matrix/scenarios.ts";
import { PAGE, ROWS_FILE } from "../../scripts/lib/matrix/write.ts";
import { modules, root, type Source } from "./rules/source.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const scenarios = Object.entries(SCENARIOS);

/** Scenarios that the test they name does not run: it names them, or all of the table that they are of. */
function untested(tests: readonly Source[]): string[] {
  return scenarios.filter(([id, { test }]) => {
    const found = tests.find(({ path }) => path === `tests/e2e/${test}`)?.text ?? "";
    const table = id in ROLLOUTS && found.includes("cases(...Object.keys(ROLLOUTS))");
    return !table && !found.includes(`"${id}"`);
  }).map(([id]) => id);
}

describe("scenarios", () => {
  it("each have a test that runs them", () => {
    const tests = modules("tests/e2e").filter(({ path }) => path.endsWith(".test.ts"));
    expect(untested(tests)).toEqual([]);
    expect(untested([])).toHaveLength(scenarios.length);
  });

  it("have titles of their own", () => {
    const titles = scenarios.map(([, { title }]) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it.each(scenarios)("%s is part of a default run, in modes that it has", (id, { usual }) => {
    expect(usual.length).toBeGreaterThan(0);
    expect(modesOf(id, true)).toEqual(expect.arrayContaining([...usual]));
  });

  it("of a rollout meet replicas, prefetch and modes pairwise in a default run", () => {
    const runs = Object.values(ROLLOUTS).flatMap(({ usual, replicas, prefetch }) =>
      usual.map((mode) => ({ mode, replicas, prefetch }))
    );
    for (const mode of MODE_IDS) {
      const of = runs.filter((run) => run.mode === mode);
      expect(new Set(of.map(({ replicas }) => replicas))).toEqual(new Set(mode === "nn" ? [1, 2, 5, 3] : [1, 2, 5]));
      expect(new Set(of.map(({ prefetch }) => prefetch))).toEqual(new Set([1, 10, 0]));
    }
  });
});

describe("docs/reliability.md", () => {
  const rows = parseRows(read(ROWS_FILE));

  it("has the tables that its rows give", () => {
    const text = read(PAGE);
    expect(replaceBlock(text, "matrix", matrixTables(rows))).toBe(text);
  });

  it("has rows of scenarios alone, each in its place", () => {
    expect(mergeRows([], rows)).toEqual(rows);
  });

  it("would tell a loss", () => {
    const figures = { published: 30, lost: 1, cutOff: 0, repeated: 2, early: 0, forced: 3 };
    const lost: Row = { scenario: "scale-in", side: "alone", figures };
    expect(matrixTables([lost])).toContain("| 1 / 0 / 2 of 30, forced: 3 | – | – | – | – |");
  });
});

describe("rows", () => {
  const row = (side: Row["side"], published: number): Row => ({ scenario: "scale-in", side, figures: { published } });

  it("of a later run take the places of those of an earlier one", () => {
    const gone = { ...row("oo", 1), scenario: "no-more" };
    expect(mergeRows([row("nn", 1), gone, row("alone", 1)], [row("nn", 2)])).toEqual([row("alone", 1), row("nn", 2)]);
  });

  it("that are missing are named", () => {
    expect(missingRows([row("oo", 1), row("alone", 1)], ["scale-in"])).toEqual([
      "scale-in in mode on",
      "scale-in in mode nn",
    ]);
  });

  it("are read from lines", () => {
    expect(parseRows(`${JSON.stringify(row("oo", 1))}\n\n`)).toEqual([row("oo", 1)]);
    expect(() => parseRows('{"scenario":"x","side":"no","figures":{}}')).toThrow();
  });
});
