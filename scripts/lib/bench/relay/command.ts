/**
 * `./scripts/bench relay`: what the relay costs, beside other proxies.
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { choiceOption, integerOption, parseOptions } from "../../toolchain/command-line.ts";
import { median } from "../statistics.ts";
import { writeDelivery } from "./delivery.ts";
import { medians, type Results, type Section, SECTIONS } from "./figures.ts";
import { isolate } from "./isolation.ts";
import { measure } from "./measure.ts";
import { PEERS } from "./peers.ts";
import { bundled } from "./programs.ts";
import { report } from "./report.ts";
import { ensureTools } from "./tools.ts";
import type { Plan } from "./visit.ts";

export const RELAY_HELP =
  `What DAPS's relay costs, beside nothing, HAProxy, Knative's queue-proxy and bare Deno: requests a second
and CPU time a request over 16 connections, latency and CPU time at 500 requests a second, memory, and how soon the gate
asks the app. Medians of interleaved rounds, on loopback in a network namespace of its own.

Usage: ./scripts/bench relay [OPTIONS]

Options:
  --rounds N      how often each is measured (default: 5)
  --only LIST     of these only, with commas between: ${PEERS.join(", ")}
  --section LIST  of these only: relay (POST of 1 KiB), h2c (the same over HTTP/2), body64k (POST of 64 KiB)
  --quick         3 rounds of the section relay, shorter, and memory after some 100,000 requests rather than a million:
                  about 7 minutes
  --json          print one JSON object, on the last line of the standard output
  --help          print this text

Nothing else should run on the machine meanwhile. All of it takes about half an hour.
`;

const KIB = 1024;
/** A process that has nothing to do may take so long to give back what it does not need: DAPS looks every two seconds. */
const IDLE_MS = 4_500;
/** After so many the memory of a relay is said to be what it stays. */
const REQUESTS = 1_000_000;

export async function relay(args: string[]): Promise<number> {
  const { help, json, quick, ...values } = parseOptions(args, {
    rounds: { type: "string" },
    only: { type: "string" },
    section: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (help) {
    process.stdout.write(RELAY_HELP);
    return 0;
  }
  const rounds = integerOption("rounds", values.rounds ?? (quick ? "3" : "5"), 1, 1_000);
  const peers = choiceOption("only", values.only, PEERS);
  const sections = choiceOption("section", values.section ?? (quick ? "relay" : undefined), SECTIONS);
  const tools = await ensureTools();
  isolate();
  const folder = await mkdtemp(join(tmpdir(), "daps-bench-"));
  try {
    const programs = await bundled(tools, folder);
    const { results, others } = await measure({ sections, peers, rounds, plans: await plans(folder, quick) }, programs);
    (json ? process.stderr : process.stdout).write(`\n${report(results, rounds, others)}`);
    if (json) process.stdout.write(toJson(results, rounds, others));
  } finally {
    await rm(folder, { recursive: true });
  }
  return 0;
}

async function plans(folder: string, quick: boolean): Promise<Record<Section, Plan>> {
  const small = await writeDelivery(folder, KIB);
  const large = await writeDelivery(folder, 64 * KIB);
  const long = { warmUpSeconds: 1, closedSeconds: quick ? 2 : 3, leadSeconds: 3, openSeconds: 3, turns: quick ? 1 : 2 };
  const short = {
    warmUpSeconds: 1,
    closedSeconds: 1,
    leadSeconds: 1,
    openSeconds: 2,
    turns: 1,
    settleMs: 500,
    requests: null,
  };
  return {
    relay: { ...long, settleMs: IDLE_MS, protocol: "http", delivery: small, requests: quick ? null : REQUESTS },
    h2c: { ...short, protocol: "h2c", delivery: small },
    body64k: { ...short, protocol: "http", delivery: large },
  };
}

function toJson(results: Results, rounds: number, others: readonly number[]): string {
  const [cpu] = cpus();
  const machine = {
    cpu: cpu?.model ?? null,
    cores: cpus().length,
    rounds,
    // The part of the machine that other programs had, in the median of the visits.
    others_percent: Number((median(others) * 100).toFixed(1)),
  };
  const figures = SECTIONS.map((section) => [section, medians(results[section] ?? {})]);
  return JSON.stringify({ ...Object.fromEntries(figures), machine }) + "\n";
}
