/**
 * Lanes: each a folder of tests/e2e with a cluster of its own.
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { dapsArchive } from "../build/image.ts";
import { installCertManager, installDapr, installKeda } from "../cluster/addons/index.ts";
import { kedaArchive } from "../cluster/images/index.ts";
import { type Cluster, openCluster } from "../cluster/index.ts";
import { cacheFolder, capture, repositoryRoot, withLock } from "../toolchain/index.ts";
import { collectDiagnostics, LogFile } from "./diagnostics.ts";
import { broken, type Outcome, totals } from "./outcome.ts";
import type { Context } from "./parts.ts";
import { vitest } from "./runtimes.ts";
import { say } from "./stream.ts";
import { suite } from "./suite.ts";

/**
 * How many lanes run at once. A lane is mostly waiting (for messages of seconds, grace periods, probes), but a cluster
 * takes about half a core to stand there: with a third one on two cores the API server is late by seconds.
 */
const LANES_AT_ONCE = 2;

/** What a lane may ask for that the others have not. */
interface Wishes {
  /** DAPS's webhook as users have it, for a lane that looks at the webhook itself: see `insist`. */
  asInstalled?: true;
  /** Dapr with actors, reminders and jobs. */
  actors?: true;
  /** Its files do not disturb each other, and run two at a time. */
  together?: true;
  /** KEDA, which takes minutes to build the first time. */
  keda?: true;
}

/** By the lane's folder; a lane without wishes is not listed. */
const WISHES: Readonly<Record<string, Wishes>> = {
  admission: { asInstalled: true },
  classes: { actors: true },
  drain: { together: true },
  ending: { together: true },
  grpc: { actors: true },
  scale: { keda: true, together: true },
};

/** The variable by which vitest.config.ts knows how many files of a lane run at once; one, if it is not set. */
const FILES_AT_ONCE = "DAPS_FILES_AT_ONCE";

const FOLDER = join(repositoryRoot, "tests/e2e");

/** The folders of tests/e2e that hold tests. */
export function lanes(): string[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => readdirSync(join(FOLDER, name)).some((file) => file.endsWith(".test.ts")))
    .sort();
}

export interface Selection {
  /** The lanes to run. */
  readonly lanes: readonly string[];
  /** What their tests find in their environment, besides the cluster's own. */
  readonly env: Readonly<Record<string, string>>;
  /** How many of them run at once; see `LANES_AT_ONCE`. */
  readonly atOnce?: number;
}

export async function runLanes(
  { lanes: selected, env, atOnce = LANES_AT_ONCE }: Selection,
  context: Context,
  quiet: Promise<boolean>,
): Promise<Outcome[]> {
  await assertMachine();
  // What takes longest to build comes last, and is built meanwhile.
  const waiting = selected.toSorted((a, b) => Number(wishesKeda(a)) - Number(wishesKeda(b)));
  if (waiting.length === 0) return [broken("e2e", `found no tests in ${FOLDER}`)];
  // Two runs under one name would take each other's clusters down.
  return await withLock(join(cacheFolder(), "locks", `test-${context.name}.lock`), async () => {
    // Built once, before two lanes would both wait for it.
    const image = await dapsArchive();
    const keda = waiting.some(wishesKeda) ? builtKeda() : Promise.resolve();
    // A lane that needs it says what is wrong.
    keda.catch(() => {});
    const outcomes: Outcome[] = [];
    const ready = inTurn(async (of: Fresh) => await setUp(of, image, context.signal));
    const prepared = async (of: Fresh) => {
      if (of.wishes.keda) await keda;
      await ready(of);
    };
    const worker = async () => {
      for (let lane = waiting.shift(); lane !== undefined; lane = waiting.shift()) {
        if (context.signal.aborted) return;
        outcomes.push(await runLane(lane, env, prepared, context, quiet));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return outcomes.sort((a, b) => a.label.localeCompare(b.label));
  });
}

function wishesKeda(lane: string): boolean {
  return WISHES[lane]?.keda === true;
}

async function builtKeda(): Promise<void> {
  if (process.env["DAPS_CLUSTER_PROVIDER"] !== "kind") await kedaArchive();
}

/** @throws {Error} naming what this machine lacks */
async function assertMachine(): Promise<void> {
  if (process.env["DAPS_CLUSTER_PROVIDER"] === "kind") return;
  if (process.platform !== "linux") {
    throw new Error(`Cannot start clusters here as they take Linux: received ${process.platform}`);
  }
  if (process.getuid?.() !== 0) {
    throw new Error(`Cannot start clusters as this takes root: received user ${process.getuid?.()}`);
  }
  await capture("go", ["version"]).catch(() => {
    throw new Error(`Cannot build the cluster as there is no Go on the PATH: received ${process.env["PATH"]}`);
  });
}

/** One lane from nothing to nothing; it does not reject. */
async function runLane(
  lane: string,
  env: Selection["env"],
  ready: (of: Fresh) => Promise<void>,
  context: Context,
  quiet: Promise<boolean>,
): Promise<Outcome> {
  const label = `e2e ${lane}`;
  const start = performance.now();
  const folder = join(cacheFolder(), "logs", context.name, lane);
  const cluster = await openCluster(`${context.name}-${lane}`);
  const wishes = WISHES[lane] ?? {};
  let outcome: Outcome;
  let settingUp = Promise.resolve();
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    say(label, `brings up the cluster ${cluster.name}`);
    settingUp = ready({ cluster, wishes });
    await unlessAborted(settingUp, context.signal);
    await insist(cluster, "dapr-sidecar-injector");
    if (!wishes.asInstalled) await insist(cluster, "daps-webhook");
    outcome = await quiet
      ? await runTests(lane, label, folder, withVariables(cluster, { ...env, ...together(wishes) }), context)
      : broken(label, "was not begun");
  } catch (error) {
    outcome = broken(label, error instanceof Error ? error.message : String(error), performance.now() - start);
  }
  if (totals([outcome]).failed > 0 && !context.signal.aborted) {
    await collectDiagnostics(cluster, folder);
    say(label, `logs and the state of the cluster are in ${folder}`);
  }
  if (context.keep) say(label, `the cluster stays up; ./scripts/cluster --name ${cluster.name} down ends it`);
  else await takeDown(label, cluster, settingUp);
  return { ...outcome, ms: performance.now() - start };
}

/**
 * The same, one call after another. Two set-ups at once on two cores take longer than one after the other: programs that
 * start late fail their liveness probes, and are held back for it.
 */
function inTurn<T>(action: (argument: T) => Promise<void>): (argument: T) => Promise<void> {
  let last = Promise.resolve();
  return (argument) => {
    const mine = last.then(() => action(argument));
    last = mine.catch(() => {});
    return mine;
  };
}

/** Does not wait for what is not wanted any more: taking the cluster down ends it. */
async function unlessAborted(action: Promise<void>, signal: AbortSignal): Promise<void> {
  action.catch(() => {});
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new Error("was broken off"));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([action, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A lane's cluster before it is set up. */
interface Fresh {
  cluster: Cluster;
  wishes: Wishes;
}

/** A fresh cluster with everything in it that a user of DAPS has, and DAPS as a user installs it. */
async function setUp({ cluster, wishes }: Fresh, image: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  // A run with --keep leaves one.
  await cluster.down();
  signal.throwIfAborted();
  await cluster.up();
  signal.throwIfAborted();
  const { actors = false, keda = false } = wishes;
  await Promise.all([installCertManager(cluster), installDapr(cluster, { actors }), cluster.loadImage(image)]);
  // Its certificate is cert-manager's.
  if (keda) await installKeda(cluster);
  await cluster.helm(["install", "daps", join(repositoryRoot, "chart"), "--wait", "--timeout", "3m"]);
}

/**
 * Makes the creation of pods fail, and be tried again by its controller, where a webhook is late: what a busy machine
 * leaves without daprd or DAPS shows nothing of them.
 */
async function insist(cluster: Cluster, webhook: string): Promise<void> {
  const patch = [
    { op: "add", path: "/webhooks/0/failurePolicy", value: "Fail" },
    { op: "add", path: "/webhooks/0/timeoutSeconds", value: 30 },
  ];
  await cluster.kubectl([
    ...["patch", "mutatingwebhookconfiguration", webhook, "--type=json"],
    ...["--patch", JSON.stringify(patch)],
  ]);
}

function together(wishes: Wishes): Record<string, string> {
  return wishes.together ? { [FILES_AT_ONCE]: "2" } : {};
}

function withVariables(cluster: Cluster, variables: Readonly<Record<string, string>>): Cluster {
  return { ...cluster, variables: { ...cluster.variables, ...variables } };
}

async function runTests(
  lane: string,
  label: string,
  folder: string,
  cluster: Cluster,
  { signal, bail }: Context,
): Promise<Outcome> {
  await using log = new LogFile(join(folder, "tests.log"));
  const [command = "", ...args] = await cluster.command(vitest("Node"));
  return await suite({
    label,
    command: [command, ...args],
    // With the slash, or a lane's tests would run those of every lane whose name begins like its own.
    tests: ["--project", "e2e", `tests/e2e/${lane}/`],
    bail,
    signal,
    env: cluster.variables,
    onLine: (line) => log.write(line),
  });
}

/** @param settingUp may still run after a break-off: it fails without its cluster, but it may have begun to start it */
async function takeDown(label: string, cluster: Cluster, settingUp: Promise<void>): Promise<void> {
  try {
    await cluster.down();
    await settingUp.catch(() => {});
    await cluster.down();
  } catch (error) {
    say(label, `could not take the cluster ${cluster.name} down: ${String(error)}`);
  }
}
