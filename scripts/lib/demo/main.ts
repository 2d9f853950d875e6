/**
 * `./scripts/demo`.
 *
 * @module
 */
import process from "node:process";
import { openCluster } from "../cluster/index.ts";
import { anySeed, flawless, openLab } from "../proof/index.ts";
import { runCommand } from "../toolchain/command-line.ts";
import { enterCluster } from "../proof/setup.ts";
import { table } from "../proof/table.ts";
import type { SideName } from "../picture/recording.ts";
import { elapsed } from "../toolchain/index.ts";
import { type DemoOptions, HELP, readOptions } from "./options.ts";
import { Ticker } from "./ticker.ts";
import { checkFolders, drawFile, keep } from "./files.ts";
import { runTraffic, type Side } from "./traffic.ts";

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.down) {
    await (await openCluster(options.name)).down();
    return 0;
  }
  if (options.from !== undefined && options.picture !== undefined) {
    await drawFile(options.from, options.picture);
    return 0;
  }
  await checkFolders(options);
  const start = performance.now();
  const cluster = await enterCluster(options.name);
  await using lab = await openLab(options.name);
  const seed = options.seed ?? anySeed();
  process.stderr.write(`seed ${seed}\n`);
  const traffic = await runTraffic(lab, { ...options, seed }, new Ticker());
  process.stderr.write(`the messages took ${elapsed(start)}; the cluster ${cluster.name} stays up\n`);
  for (const pod of traffic.daps.podsWithoutDaps) {
    process.stderr.write(`demo: the pod ${pod} started without DAPS, as the webhook did not answer in time\n`);
  }
  if (traffic.recording !== undefined) await keep(traffic.recording, options);
  process.stdout.write(options.json ? json(traffic) : report(traffic, options, seed));
  return flawless(traffic.daps.account) ? 0 : 1;
}

function json({ alone, daps }: Record<SideName, Side>): string {
  return JSON.stringify({ alone: alone.account, daps: daps.account }) + "\n";
}

function report({ alone, daps }: Record<SideName, Side>, { native, prefetch }: DemoOptions, seed: number): string {
  const row = (name: string, { account: { published, lost, cutOff, repeated, early } }: Side) => [
    name,
    ...[published, lost, cutOff, repeated, early].map(String),
  ];
  const lines = table([
    [`daprd ${native ? "native" : "ordinary"}`, "published", "lost", "cut off", "repeated", "early"],
    row("Dapr alone", alone),
    row("Dapr with DAPS", daps),
  ]);
  const notes = [
    `Of the lost, the worker refused ${alone.refused} (alone) and ${daps.refused} (with DAPS) as it was still starting.`,
    `Seed ${seed}, prefetch ${prefetch === 0 ? "unlimited" : prefetch}.`,
  ];
  return `\n${lines}\n${notes.join("\n")}\n`;
}

await runCommand("demo", main);
