/**
 * `./scripts/bench relay`: what the relay costs, beside other proxies.
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { writeBundle } from "../../build/bundle.ts";
import { choiceOption, integerOption, parseOptions } from "../../proof/command-line.ts";
import { progress } from "../../toolchain/index.ts";
import { onCore, start } from "./children.ts";
import { writeDelivery } from "./delivery.ts";
import { type Figures, medians, type Results, type Section, SECTIONS } from "./figures.ts";
import { isolate } from "./isolation.ts";
import { APP_PORT, type Peer, PEERS, type Programs } from "./peers.ts";
import { report } from "./report.ts";
import { ensureTools } from "./tools.ts";
import { type Plan, startMs, visit } from "./visit.ts";

export const RELAY_HELP = `What DAPS's relay costs, beside nothing, HAProxy and Knative's queue-proxy: requests a second
and CPU time a request over 16 connections, latency and CPU time at 500 requests a second, memory, and how soon the gate
asks the app. Medians of interleaved rounds, on loopback in a network namespace of its own.

Usage: ./scripts/bench relay [OPTIONS]

Options:
  --rounds N      how often each is measured (default: 5)
  --only LIST     of these only, with commas between: ${PEERS.join(", ")}
  --section LIST  of these only: relay (POST of 1 KiB), h2c (the same over HTTP/2), body64k (POST of 64 KiB)
  --quick         3 rounds of the section relay, with shorter measurements: about 2 minutes
  --json          print one JSON object, on the last line of the standard output
  --help          print this text

Nothing else should run on the machine meanwhile. All of it takes about 12 minutes.
`;

const KIB = 1024;

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
    const programs = { ...tools, bundle: join(folder, "daps") };
    await writeBundle(programs.bundle);
    const results = await measure(sections, peers, rounds, await plans(folder, quick), programs);
    process.stderr.write(`\n${report(results, rounds)}`);
    if (json) {
      const figures = SECTIONS.map((section) => [section, medians(results[section] ?? {})]);
      process.stdout.write(JSON.stringify(Object.fromEntries(figures)) + "\n");
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return 0;
}

async function plans(folder: string, quick: boolean): Promise<Record<Section, Plan>> {
  const small = await writeDelivery(folder, KIB);
  const large = await writeDelivery(folder, 64 * KIB);
  const long = { warmUpSeconds: 1, closedSeconds: quick ? 2 : 3, leadSeconds: 0.5, openSeconds: quick ? 2 : 4 };
  const short = { warmUpSeconds: 1, closedSeconds: 2, leadSeconds: 0.3, openSeconds: 2 };
  return {
    relay: { ...long, protocol: "http", delivery: small },
    h2c: { ...short, protocol: "h2c", delivery: small },
    body64k: { ...short, protocol: "http", delivery: large },
  };
}

async function measure(
  sections: readonly Section[],
  peers: readonly Peer[],
  rounds: number,
  plans: Record<Section, Plan>,
  programs: Programs,
): Promise<Results> {
  await using _app = await start(onCore("load", { program: programs.backend, args: [String(APP_PORT)] }), APP_PORT);
  const results: Partial<Record<Section, Partial<Record<Peer, Figures[]>>>> = {};
  for (let round = 1; round <= rounds; round++) {
    for (const section of sections) {
      // The other way round every other time: what one leaves behind must not always meet the same one.
      for (const peer of round % 2 === 1 ? peers : peers.toReversed()) {
        const figures = await progress(
          `round ${round} of ${rounds}, ${section}, ${peer}`,
          () => visitWithStart(peer, section, plans[section], programs),
        );
        ((results[section] ??= {})[peer] ??= []).push(figures);
      }
    }
  }
  return results;
}

async function visitWithStart(peer: Peer, section: Section, plan: Plan, programs: Programs): Promise<Figures> {
  const figures = await visit(peer, plan, programs);
  if (section !== "relay" || (peer !== "daps_deno" && peer !== "daps_node")) return figures;
  return { ...figures, start_ms: await startMs(peer === "daps_deno" ? "deno" : "node", programs) };
}
