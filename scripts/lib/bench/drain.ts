/**
 * `./scripts/bench drain`: how long a pod takes from its deletion until it is gone, without DAPS and with it.
 *
 * @module
 */
import process from "node:process";
import { containerNames, type Lab, type Message, openLab, READY_PATH, WorkerDeployment } from "../proof/index.ts";
import { integerOption, parseOptions } from "../toolchain/command-line.ts";
import { enterCluster } from "../proof/setup.ts";
import { table } from "../proof/table.ts";
import { progress } from "../toolchain/index.ts";
import { median, spread } from "./statistics.ts";

export const DRAIN_HELP = `How long a pod takes from its deletion until it is gone, without DAPS and with it: an idle
one, and one that has just begun a message of 5 s. Medians of interleaved rounds.

Usage: ./scripts/bench drain [OPTIONS]

Options:
  --rounds N    how often each is measured (default: 5)
  --native      daprd as a native sidecar
  --name NAME   the cluster's name, which is the demo's (default: daps); it stays up
  --json        print one JSON object, on the last line of the standard output: seconds
  --help        print this text
`;

const WORK_MS = 5_000;
const TIMEOUT_MS = 120_000;
const CASES = ["idle_alone", "idle_daps", "busy_alone", "busy_daps"] as const;

type Case = typeof CASES[number];

export async function drain(args: string[]): Promise<number> {
  const { help, json, name, native, ...values } = parseOptions(args, {
    rounds: { type: "string", default: "5" },
    name: { type: "string" },
    native: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (help) {
    process.stdout.write(DRAIN_HELP);
    return 0;
  }
  const rounds = integerOption("rounds", values.rounds, 1, 1_000);
  await enterCluster(name);
  await using lab = await openLab(name);
  const seconds: Record<Case, number[]> = { idle_alone: [], idle_daps: [], busy_alone: [], busy_daps: [] };
  for (let round = 1; round <= rounds; round++) {
    // The other way round every other time: what one leaves behind must not always meet the same one.
    for (const which of round % 2 === 1 ? CASES : CASES.toReversed()) {
      const ms = await progress(`round ${round} of ${rounds}, ${which}`, () => measure(lab, which, native, round));
      seconds[which].push(ms / 1000);
    }
  }
  process.stdout.write(json ? toJson(seconds) : report(seconds, rounds));
  return 0;
}

/** Deploys one pod and deletes it. In ms. */
async function measure(lab: Lab, which: Case, native: boolean, round: number): Promise<number> {
  await using worker = await WorkerDeployment.deploy(lab, {
    namespace: `bench-${which.replace("_", "-")}`,
    replicas: 1,
    native,
    daps: which.endsWith("daps") ? { "ready-path": READY_PATH } : false,
  });
  // Nothing else is to start while the pod goes.
  await worker.orphan();
  const [pod] = worker.pods.ready;
  if (pod?.metadata?.name === undefined) throw new Error(`Cannot measure ${which} as ${worker.pods.seen()}`);
  if (containerNames(pod).includes("daps") !== which.endsWith("daps")) {
    throw new Error(
      `Cannot measure ${which} as the pod has these containers: received ${containerNames(pod).join(", ")}`,
    );
  }
  if (which.startsWith("busy")) await busy(worker, { id: `${which}-${round}`, workMs: WORK_MS, atMs: 0 });
  const ms = await worker.delete(pod.metadata.name);
  await worker.remove();
  return ms;
}

async function busy(worker: WorkerDeployment, message: Message): Promise<void> {
  await worker.publish([message]);
  await worker.ledger.until((ledger) => ledger.of("begun")[0], { what: "the work to begin", timeoutMs: TIMEOUT_MS });
}

function toJson(seconds: Record<Case, number[]>): string {
  const figures = CASES.map((which) => [`${which}_s`, Number(median(seconds[which]).toFixed(3))]);
  return JSON.stringify({ drain: Object.fromEntries(figures) }) + "\n";
}

function report(seconds: Record<Case, number[]>, rounds: number): string {
  const row = (what: string, alone: Case, daps: Case) => [
    what,
    spread(seconds[alone], 2),
    spread(seconds[daps], 2),
    (median(seconds[daps]) - median(seconds[alone])).toFixed(2),
  ];
  const lines = table([
    ["from delete to gone, s", "Dapr alone", "Dapr with DAPS", "more"],
    row("idle", "idle_alone", "idle_daps"),
    row("one message of 5 s", "busy_alone", "busy_daps"),
  ]);
  return `\n${lines}\nMedian (least–most) of ${rounds} interleaved rounds.\n`;
}
