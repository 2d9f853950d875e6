/**
 * A part that vitest runs, counted from its JSON report.
 * @module
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import * as v from "valibot";
import { repositoryRoot } from "../toolchain/index.ts";
import { broken, type Failure, type Outcome } from "./outcome.ts";
import { stream } from "./stream.ts";

const report = v.object({
  testResults: v.array(v.object({
    name: v.string(),
    status: v.string(),
    message: v.string(),
    assertionResults: v.array(v.object({
      fullName: v.string(),
      status: v.string(),
      failureMessages: v.nullish(v.array(v.string())),
    })),
  })),
});

export type Report = v.InferOutput<typeof report>;

export interface SuiteOptions {
  label: string;
  /** Runs vitest, up to vitest's own arguments. */
  command: readonly [string, ...string[]];
  /** Arguments that say which tests. */
  tests: readonly string[];
  bail: boolean;
  signal: AbortSignal;
  env?: Record<string, string>;
  onLine?: (line: string) => void;
}

/** Runs vitest and counts. Whatever keeps it from reporting is a failure of the part. */
export async function suite({ label, command, tests, bail, signal, env, onLine }: SuiteOptions): Promise<Outcome> {
  const start = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "daps-test-"));
  const file = join(folder, "report.json");
  const [program, ...args] = command;
  try {
    const code = await stream(program, [
      ...args,
      ...tests,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${file}`,
      ...(bail ? ["--bail=1"] : []),
    ], { label, signal, ...(env === undefined ? {} : { env }), ...(onLine === undefined ? {} : { onLine }) });
    const ms = performance.now() - start;
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) return broken(label, `vitest ended with exit code ${code} and without a report`, ms);
    return { label, ...count(v.parse(report, JSON.parse(text)), code), ms };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * What a report of vitest comes to. Only a test that passed at its first attempt counts as passed; a file that could
 * not be run and an error outside of every test count as one failure each.
 *
 * @param code vitest's exit code: the report does not hold unhandled errors
 */
export function count({ testResults }: Report, code: number): { passed: number; failures: Failure[] } {
  let passed = 0;
  const failures: Failure[] = [];
  for (const { name, status, message, assertionResults } of testResults) {
    const file = relative(repositoryRoot, name);
    const before = failures.length;
    for (const { fullName: test, status, failureMessages } of assertionResults) {
      const said = firstLine(failureMessages?.[0] ?? "");
      if (status === "failed") failures.push({ test, file, reason: said || "failed" });
      else if (status !== "passed") failures.push({ test, file, reason: `was not run (${status})` });
      else if (said !== "") failures.push({ test, file, reason: `passed only when repeated: ${said}` });
      else passed++;
    }
    if (status === "failed" && failures.length === before) {
      failures.push({ test: "the whole file", file, reason: firstLine(message) || "failed outside of its tests" });
    }
  }
  if (code !== 0 && failures.length === 0) {
    failures.push({ test: "vitest", reason: `exit code ${code} with no failed test: an unhandled error, see above` });
  } else if (passed + failures.length === 0) {
    failures.push({ test: "vitest", reason: "ran no test" });
  }
  return { passed, failures };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.trim() ?? "";
}
