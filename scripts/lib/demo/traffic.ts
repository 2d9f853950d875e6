/**
 * The demo's traffic: the same worker twice, the same messages to both, rolling restarts meanwhile.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Account,
  containerNames,
  type Lab,
  type Message,
  READY_PATH,
  schedule,
  WorkerDeployment,
} from "../proof/index.ts";
import { progress } from "../toolchain/index.ts";
import type { Ticker } from "./ticker.ts";

export interface TrafficOptions {
  readonly messages: number;
  readonly seed: number;
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

export type SideName = "alone" | "daps";

const PER_SECOND = 3;
const WORK_MS = { min: 2_000, max: 8_000 };
const RESTARTS = 4;
/** The worker listens at once, as many do, but can't work before it has warmed up. */
const START_MS = 3_000;
const FINISH_TIMEOUT_MS = 300_000;

/** Runs both sides at once. The workers stay on the cluster. */
export async function runTraffic(lab: Lab, options: TrafficOptions, ticker: Ticker): Promise<Record<SideName, Side>> {
  const messages = schedule({ messages: options.messages, perSecond: PER_SECOND, workMs: WORK_MS, seed: options.seed });
  const [alone, daps] = await progress(
    "deploying the worker, without DAPS and with it",
    () => Promise.all([deploy(lab, "alone", options), deploy(lab, "daps", options)]),
  );
  await using _alone = alone;
  await using _daps = daps;
  const sides: Record<SideName, WorkerDeployment> = { alone, daps };
  using _ticking = ticker.start(() =>
    Object.entries(sides).map(([name, side]) => `${name}: ${describe(side)}`).join("; ")
  );
  ticker.phase(`publishing ${messages.length} messages a side`);
  await Promise.all([
    ...Object.values(sides).map((side) => side.publish(messages)),
    restarts(Object.values(sides), messages, ticker),
  ]);
  ticker.phase("waiting for the queues to be empty");
  await Promise.all(Object.values(sides).map((side) => side.finished(FINISH_TIMEOUT_MS)));
  return { alone: result(alone), daps: result(daps) };
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

/** Spread evenly over the time of publishing, with time for the last one too; one waits for the end of the other. */
async function restarts(sides: WorkerDeployment[], messages: readonly Message[], ticker: Ticker): Promise<void> {
  const whole = (messages.at(-1)?.atMs ?? 0) + 1000 / PER_SECOND;
  const start = performance.now();
  for (let restart = 1; restart <= RESTARTS; restart++) {
    await sleep(Math.max(0, start + whole * (restart - 0.6) / RESTARTS - performance.now()));
    const late = performance.now() - start > whole ? ", after the last message" : "";
    ticker.phase(`publishing, rolling restart ${restart} of ${RESTARTS}${late}`);
    await Promise.all(sides.map(async (side) => {
      await side.restart();
      await side.rolledOut();
    }));
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
