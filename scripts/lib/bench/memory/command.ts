/**
 * `./scripts/bench memory`: the most memory that the relay has.
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { choiceOption, parseOptions } from "../../toolchain/command-line.ts";
import { table } from "../../proof/table.ts";
import { progress } from "../../toolchain/index.ts";
import { writeDelivery } from "../relay/delivery.ts";
import { isolate } from "../relay/isolation.ts";
import type { Memory } from "../relay/machine.ts";
import { type Peer, peerProcess, PEERS } from "../relay/peers.ts";
import { bundled } from "../relay/programs.ts";
import { ensureTools } from "../relay/tools.ts";
import { type Situation, SITUATIONS } from "./situations.ts";

export const MEMORY_HELP = `The most memory that DAPS's relay has, and HAProxy and Knative's queue-proxy for comparison:
with 2,000 connections that each have a delivery in flight, with 1,000 parked deliveries (DAPS only), with bodies of
256 MB both ways to readers that pause, and over a million requests on 16 connections.

Usage: ./scripts/bench memory [OPTIONS]

Options:
  --only LIST  of these only, with commas between: haproxy_http, queue_proxy, daps_deno, daps_node
  --json       print one JSON object, on the last line of the standard output: MB of 2^20 bytes
  --help       print this text

It takes about 5 minutes.
`;

const NOT_SUBJECTS: readonly Peer[] = ["direct", "haproxy_tcp", "deno_bare"];
const SUBJECTS = PEERS.filter((peer) => !NOT_SUBJECTS.includes(peer));
const ALL = Object.keys(SITUATIONS) as Situation[];

type Results = Partial<Record<Peer, Partial<Record<Situation, Memory>>>>;

export async function memory(args: string[]): Promise<number> {
  const { help, json, only } = parseOptions(args, {
    only: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (help) {
    process.stdout.write(MEMORY_HELP);
    return 0;
  }
  const peers = choiceOption("only", only, SUBJECTS);
  const tools = await ensureTools();
  isolate();
  const folder = await mkdtemp(join(tmpdir(), "daps-bench-"));
  try {
    const programs = await bundled(tools, folder);
    const delivery = await writeDelivery(folder, 1024);
    const results: Results = {};
    for (const peer of peers) {
      const { command, port } = await peerProcess(peer, "http", programs);
      if (command === undefined) continue;
      const measured: Partial<Record<Situation, Memory>> = results[peer] = {};
      for (const situation of ALL) {
        if (situation === "parked_1000" && !peer.startsWith("daps")) continue;
        measured[situation] = await progress(
          `${peer}, ${situation}`,
          () => SITUATIONS[situation]({ command, port, backend: programs.backend, delivery }),
        );
      }
    }
    process.stdout.write(json ? toJson(results) : report(results));
  } finally {
    await rm(folder, { recursive: true });
  }
  return 0;
}

function toJson(results: Results): string {
  const figures = (peer: Peer) => ALL.map((situation) => [situation, rounded(results[peer]?.[situation])]);
  return JSON.stringify({
    memory: Object.fromEntries(SUBJECTS.map((peer) => [peer, Object.fromEntries(figures(peer))])),
  }) + "\n";
}

function rounded(memory: Memory | undefined) {
  const to = (value: number | undefined) => value === undefined ? null : Number(value.toFixed(1));
  return { rss_mb: to(memory?.rssMb), dirty_mb: to(memory?.dirtyMb) };
}

function report(results: Results): string {
  const cell = (memory: Memory | undefined) =>
    memory === undefined ? "–" : `${memory.rssMb.toFixed(1)} / ${memory.dirtyMb.toFixed(1)}`;
  const rows = Object.entries(results).map(([peer, measured]) => [peer, ...ALL.map((each) => cell(measured[each]))]);
  return `\n${table([["most RSS / Private_Dirty, MB", ...ALL], ...rows])}`;
}
