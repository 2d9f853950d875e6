import process from "node:process";
import { defineConfig } from "vitest/config";

/** Longest time that one test of a part may take, in ms: `it(…, ms)` states a longer one where it is needed. */
const TIMEOUTS_MS = {
  architecture: 30_000,
  unit: 5_000,
  property: 60_000,
  conformance: 20_000,
  chart: 120_000,
  integration: 60_000,
  e2e: 600_000,
  leak: 1_800_000,
};

/** Parts whose test files would disturb each other: they share a cluster, or measure time on few cores. */
const ONE_FILE_AT_A_TIME = new Set(["conformance", "integration", "e2e", "leak"]);

/** How many files of the lane of e2e that runs now share its cluster at a time; scripts/lib/test/lanes.ts sets it. */
const filesAtOnce = Number(process.env["DAPS_FILES_AT_ONCE"] ?? 1);

export default defineConfig({
  test: {
    // Deno's worker threads are not those of Node (vitest's own pools `threads` and `vmThreads` fail there).
    pool: "forks",
    // The first line of a failure, which the summary repeats, says what was there.
    chaiConfig: { truncateThreshold: 400 },
    allowOnly: false,
    passWithNoTests: false,
    dangerouslyIgnoreUnhandledErrors: false,
    projects: Object.entries(TIMEOUTS_MS).map(([name, testTimeout]) => ({
      extends: true as const,
      test: {
        name,
        include: [`tests/${name}/**/*.test.ts`],
        testTimeout,
        hookTimeout: testTimeout,
        retry: 0,
        fileParallelism: !ONE_FILE_AT_A_TIME.has(name) || (name === "e2e" && filesAtOnce > 1),
        ...name === "e2e" && filesAtOnce > 1 ? { maxWorkers: filesAtOnce } : {},
      },
    })),
  },
});
