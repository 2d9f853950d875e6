/**
 * The demo's traffic: the same worker twice, the same messages to both, rolling restarts meanwhile.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Account, containerNames, type Lab, READY_PATH, WorkerDeployment } from "../proof/index.ts";
import { RolloutRecorder } from "../picture/record/recorder.ts";
import type { Recording, SideName } from "../picture/recording.ts";
import { progress } from "../toolchain/index.ts";
import { type Course, course, type CourseOptions } from "./course.ts";
import type { Ticker } from "./ticker.ts";

export interface TrafficOptions extends CourseOptions {
  readonly prefetch: number;
  readonly native: boolean;
}

export interface Side {
  readonly account: Account;
  /** How many of the lost ones the worker had refused as it was still starting. */
  readonly refused: number;
  /** Pods that had no DAPS: the webhook was not reached in time, or they are not meant to have it. */
  readonly podsWithoutDaps: readonly string[];
}

export interface Traffic extends Record<SideName, Side> {
  /** If one was asked for. */
  readonly recording: Recording | undefined;
}

/** The worker listens at once, as many do, but can't work before it has warmed up. */
const START_MS = 3_000;
const FINISH_TIMEOUT_MS = 300_000;

/** Runs both sides at once. The workers stay on the cluster. */
export async function runTraffic(lab: Lab, options: TrafficOptions, ticker: Ticker): Promise<Traffic> {
  const { record, native, prefetch, seed } = options;
  const { messages, restartsMs } = course(options);
  const [alone, daps] = await progress(
    "deploying the worker, without DAPS and with it",
    () => Promise.all([deploy(lab, "alone", options), deploy(lab, "daps", options)]),
  );
  await using _alone = alone;
  await using _daps = daps;
  const sides: Record<SideName, WorkerDeployment> = { alone, daps };
  await using recorder = record ? await RolloutRecorder.start(lab, sides) : undefined;
  using _ticking = ticker.start(() =>
    Object.entries(sides).map(([name, side]) => `${name}: ${describe(side)}`).join("; ")
  );
  ticker.phase(`publishing ${messages.length} messages a side`);
  await Promise.all([
    ...Object.values(sides).map((side) => side.publish(messages)),
    restarts(sides, { messages, restartsMs }, ticker, (side) => recorder?.rollout(side)),
  ]);
  ticker.phase("waiting for the queues to be empty");
  await Promise.all(Object.values(sides).map((side) => side.finished(FINISH_TIMEOUT_MS)));
  const recording = await recorder?.recording({ native, prefetch, seed });
  return { alone: result(alone), daps: result(daps), recording };
}

function deploy(lab: Lab, name: SideName, { prefetch, native }: TrafficOptions): Promise<WorkerDeployment> {
  return WorkerDeployment.deploy(lab, {
    namespace: `demo-${name}`,
    prefetch,
    native,
    daps: name === "daps" ? { "ready-path": READY_PATH } : false,
    env: { START_MS: String(START_MS) },
  });
}

/** One waits for the end of the other. */
async function restarts(
  sides: Readonly<Record<SideName, WorkerDeployment>>,
  { messages, restartsMs }: Course,
  ticker: Ticker,
  onRestart: (side: SideName) => void,
): Promise<void> {
  const start = performance.now();
  for (const [index, restartMs] of restartsMs.entries()) {
    await sleep(Math.max(0, start + restartMs - performance.now()));
    const late = performance.now() - start > (messages.at(-1)?.atMs ?? 0) ? ", after the last message" : "";
    ticker.phase(`publishing, rolling restart ${index + 1} of ${restartsMs.length}${late}`);
    await Promise.all(
      Object.entries(sides).map(async ([name, side]) => {
        onRestart(name as SideName);
        await side.restart();
        await side.rolledOut();
      }),
    );
  }
}

function describe(side: WorkerDeployment): string {
  const { published, lost } = side.account();
  return `published ${published}, completed ${published - lost}`;
}

function result(side: WorkerDeployment): Side {
  const lost = new Set(side.lost());
  const refused = new Set(side.ledger.of("refused").map(({ message }) => message));
  const without = side.pods.changes.filter(({ pod }) => !containerNames(pod).includes("daps"));
  return {
    account: side.account(),
    refused: lost.intersection(refused).size,
    podsWithoutDaps: [...new Set(without.map(({ pod }) => pod.metadata?.name ?? ""))],
  };
}
