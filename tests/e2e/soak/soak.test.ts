/**
 * Random choices among all that happens to pods and around them, for minutes, to a worker in each mode, under load.
 */
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { expect, test } from "vitest";
import {
  type Happening,
  nextHappening,
  oneOf,
  SOAK_MINUTES,
  SOAK_RESULT,
  SOAK_SEED,
  type SoakResult,
} from "../../../scripts/lib/matrix/soak.ts";
import { openLab, schedule, seeded, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { HAPPEN } from "../support/happenings.ts";
import { drains } from "../support/load.ts";
import { MODES, withDaps } from "../support/modes.ts";

const REPLICAS = 3;
const PART = { messages: 8, perSecond: 2, workMs: { min: 500, max: 4000 } };
const TIMEOUT_MS = 600_000;
const minutes = Number(process.env[SOAK_MINUTES] ?? 1);
const seed = Number(process.env[SOAK_SEED] ?? 1);

/** Publishers, which can all be held up for a while. */
class Publishing {
  #held: Promise<void> | undefined;
  readonly #parts = new Set<Promise<void>>();
  #ended = false;

  async run(worker: WorkerDeployment, firstSeed: number): Promise<void> {
    for (let part = 0; !this.#ended; part++) {
      // No turn may lie between this and the part's being known: `without` waits for those that it knows.
      while (this.#held) await this.#held;
      const publishing = worker.publish(schedule({ ...PART, seed: firstSeed + part }));
      this.#parts.add(publishing);
      await publishing.finally(() => this.#parts.delete(publishing));
    }
  }

  async without(action: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    try {
      await Promise.all(this.#parts);
      await action();
    } finally {
      this.#held = undefined;
      resolve();
    }
  }

  end(): void {
    this.#ended = true;
  }
}

test("a soak", async () => {
  process.stdout.write(`soak: ${minutes} minutes with the seed ${seed}\n`);
  await using lab = await openLab();
  const random = seeded(seed);
  const workers = await Promise.all(
    MODES.map((mode) =>
      WorkerDeployment.deploy(lab, { ...withDaps(mode, "soak"), replicas: REPLICAS, timeoutMs: TIMEOUT_MS })
    ),
  );
  const publishing = new Publishing();
  const published = Promise.all(workers.map((worker, index) => publishing.run(worker, 1_000_000 * (index + 1))));
  // It is awaited at the end.
  published.catch(() => {});
  const happenings: Partial<Record<Happening, number>> = {};
  const start = performance.now();
  const minutesPassed = () => (performance.now() - start) / 60_000;
  const unpublished = (action: () => Promise<void>) => publishing.without(action);
  while (minutesPassed() < minutes) {
    const happening = nextHappening(random);
    const worker = oneOf(random, workers);
    if (worker === undefined) break;
    const count = workers.reduce((sum, each) => sum + each.published.length, 0);
    const progress = `${minutesPassed().toFixed(1)} of ${minutes} minutes, ${count} published`;
    process.stdout.write(`soak: ${progress}: ${happening}, ${worker.names.namespace}\n`);
    await HAPPEN[happening]({ lab, worker, replicas: REPLICAS, random, unpublished });
    await Promise.all(workers.map((each) => each.settled()));
    happenings[happening] = (happenings[happening] ?? 0) + 1;
  }
  publishing.end();
  await published;
  await Promise.all(workers.map((worker) => worker.finished(TIMEOUT_MS)));

  const accounts = workers.map((worker) => ({ ...worker.account(), ...drains(worker) }));
  const sum = (of: "published" | "lost" | "cutOff" | "repeated" | "forced") =>
    accounts.reduce((total, account) => total + account[of], 0);
  const result: SoakResult = {
    ...{ seed, minutes, published: sum("published"), lost: sum("lost") },
    ...{ cutOff: sum("cutOff"), repeated: sum("repeated"), forced: sum("forced"), happenings },
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  const file = process.env[SOAK_RESULT];
  if (file) await writeFile(file, JSON.stringify(result));
  // What a kill cut off, and what the broker could not be told of, is done again; nothing is lost.
  expect(result).toMatchObject({ lost: 0, forced: 0 });
  for (const worker of workers) {
    await worker.remove();
    await worker[Symbol.asyncDispose]();
  }
}, minutes * 60_000 + 2 * TIMEOUT_MS);
