/**
 * The parts that need clusters: `e2e`, and those that run some of its lanes in another way, by name only.
 * @module
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mergeRows, missingRows, MODES_VARIABLE, parseRows, ROWS_VARIABLE } from "../matrix/rows.ts";
import { SCENARIOS } from "../matrix/scenarios.ts";
import { parseSoak, SOAK_MINUTES, SOAK_RESULT, SOAK_SEED } from "../matrix/soak.ts";
import { writeMatrix, writeSoak } from "../matrix/write.ts";
import { anySeed } from "../proof/random.ts";
import { UsageError } from "../toolchain/command-line.ts";
import { cacheFolder } from "../toolchain/index.ts";
import { lanes, runLanes } from "./lanes.ts";
import type { Known, Options } from "./options.ts";
import { broken, type Outcome, totals } from "./outcome.ts";
import type { ClusterPart } from "./run.ts";

export const CLUSTER_PARTS: readonly (Known & { about: string })[] = [
  { name: "e2e", about: "DAPS on real clusters, a lane beside the other" },
  { name: "lifecycle", about: "the lanes of e2e that conserve messages; --all, --report", byName: true },
  { name: "soak", about: "random choices among what those lanes do; --minutes, --seed, --report", byName: true },
];

/** A lane that only `soak` runs. */
const SOAK = "soak";

/** Of the parts that need clusters the one that was named. */
export function clusterPart(options: Options): ClusterPart | undefined {
  const [name, ...more] = CLUSTER_PARTS.map((part) => part.name).filter((each) => options.parts.includes(each));
  if (more.length > 0) {
    throw new UsageError(`Cannot run more than one part of the same lanes: received ${[name, ...more].join(", ")}`);
  }
  if (name === undefined) return undefined;
  if (name === "lifecycle") return lifecycle(options);
  if (name === "soak") return soak(options);
  const selected = chosen(options.lanes, lanes().filter((lane) => lane !== SOAK));
  return { name, run: (context, quiet) => runLanes({ lanes: selected, env: {} }, context, quiet) };
}

/** @throws {UsageError} for a lane that is not there */
function chosen(wanted: readonly string[], all: readonly string[]): readonly string[] {
  const unknown = wanted.filter((lane) => !all.includes(lane));
  if (unknown.length === 0) return wanted.length === 0 ? all : wanted;
  throw new UsageError(`Cannot run what is no lane: the lanes are ${all.join(", ")}: received ${unknown.join(", ")}`);
}

function lifecycle({ lanes: wanted, all, report, name }: Options): ClusterPart {
  const laneOf = (test: string) => test.split("/", 1)[0] ?? "";
  const selected = chosen(wanted, [...new Set(Object.values(SCENARIOS).map(({ test }) => laneOf(test)))].sort());
  return {
    name: "lifecycle",
    async run(context, quiet) {
      const folder = join(cacheFolder(), "logs", name);
      const file = join(folder, "matrix.jsonl");
      await mkdir(folder, { recursive: true });
      await rm(file, { force: true });
      const env = { [ROWS_VARIABLE]: file, ...all ? { [MODES_VARIABLE]: "all" } : {} };
      // In all modes a lane has so many pods that two would starve each other.
      const outcomes = await runLanes({ lanes: selected, env, ...all && { atOnce: 1 } }, context, quiet);
      const rows = parseRows(await readFile(file, "utf8").catch(() => ""));
      await writeFile(join(folder, "matrix.json"), JSON.stringify(mergeRows([], rows), null, 2));
      if (all) outcomes.push(whole(rows, selected, laneOf));
      if (report && totals(outcomes).failed === 0) await writeMatrix(rows);
      return outcomes;
    },
  };
}

function soak({ minutes, seed = anySeed(), report, name }: Options): ClusterPart {
  return {
    name: SOAK,
    async run(context, quiet) {
      const folder = join(cacheFolder(), "logs", name);
      const file = join(folder, "soak.json");
      await mkdir(folder, { recursive: true });
      await rm(file, { force: true });
      const env = { [SOAK_MINUTES]: String(minutes), [SOAK_SEED]: String(seed), [SOAK_RESULT]: file };
      const outcomes = await runLanes({ lanes: [SOAK], env }, context, quiet);
      if (report && totals(outcomes).failed === 0) await writeSoak(parseSoak(await readFile(file, "utf8")));
      return outcomes;
    },
  };
}

/** A scenario that was tried in no test, or not in a mode, must not look as if it had been. */
function whole(
  rows: ReturnType<typeof parseRows>,
  selected: readonly string[],
  laneOf: (test: string) => string,
): Outcome {
  const scenarios = Object.entries(SCENARIOS).filter(([, { test }]) => selected.includes(laneOf(test)));
  const missing = missingRows(rows, scenarios.map(([id]) => id));
  if (missing.length === 0) return { label: "matrix", passed: 1, failures: [], ms: 0 };
  return broken("matrix", `no test has recorded ${missing.join(", ")}`);
}
