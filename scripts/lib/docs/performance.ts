/**
 * The figures of docs/performance.md, from runs of `./scripts/bench relay --json` and `./scripts/bench memory --json`.
 * @module
 */
import * as v from "valibot";
import type { Figure } from "../bench/relay/figures.ts";
import { type Peer, PEERS } from "../bench/relay/peers.ts";
import { compare } from "../bench/relay/targets.ts";
import { markdownTable } from "./blocks.ts";

const peers = v.record(v.picklist(PEERS), v.record(v.string(), v.nullable(v.number())));
const relay = v.object({
  relay: peers,
  h2c: peers,
  body64k: peers,
  machine: v.object({
    cpu: v.nullable(v.string()),
    cores: v.number(),
    rounds: v.number(),
    others_percent: v.number(),
  }),
});
const memory = v.object({
  memory: v.record(
    v.string(),
    v.record(v.string(), v.object({ rss_mb: v.nullable(v.number()), dirty_mb: v.nullable(v.number()) })),
  ),
});

export type RelayRun = v.InferOutput<typeof relay>;
export type MemoryRun = v.InferOutput<typeof memory>;

const NAMES: Readonly<Record<Peer, string>> = {
  direct: "nothing between",
  haproxy_tcp: "HAProxy, tcp",
  haproxy_http: "HAProxy, http",
  queue_proxy: "queue-proxy",
  deno_bare: "bare Deno, copying bytes",
  daps_deno: "DAPS on Deno",
  daps_node: "DAPS on Node",
};

const SECTIONS = {
  relay: "POST of 1 KiB over HTTP/1.1",
  h2c: "POST of 1 KiB over HTTP/2",
  body64k: "POST of 64 KiB over HTTP/1.1",
} as const;

const COLUMNS: readonly (readonly [string, readonly Figure[], number])[] = [
  ["req/s", ["rps"], 0],
  ["CPU µs a request", ["cpu_us"], 1],
  ["at 500/s: p50 / p90 / p99 / p99.9 µs", ["p50_us", "p90_us", "p99_us", "p999_us"], 0],
  ["CPU µs a request at 500/s", ["cpu_500_us"], 1],
  ["RSS idle → after MB", ["rss_idle_mb", "rss_after_mb"], 1],
  ["Private_Dirty idle → after MB", ["dirty_idle_mb", "dirty_after_mb"], 1],
];

/** @throws {v.ValiError} if the text is not what `./scripts/bench relay --json` prints on its last line */
export function parseRelayRun(text: string): RelayRun {
  return v.parse(relay, lastLine(text));
}

/** @throws {v.ValiError} if the text is not what `./scripts/bench memory --json` prints on its last line */
export function parseMemoryRun(text: string): MemoryRun {
  return v.parse(memory, lastLine(text));
}

function lastLine(text: string): unknown {
  return JSON.parse(text.trim().split("\n").at(-1) ?? "");
}

export function relayTables(run: RelayRun): string {
  const { cpu, cores, rounds, others_percent: others } = run.machine;
  const tables = Object.entries(SECTIONS).map(([section, title]) => {
    const figures = run[section as keyof typeof SECTIONS];
    const rows = PEERS.map((peer) => [NAMES[peer], ...COLUMNS.map((column) => cell(figures[peer] ?? {}, column))]);
    return `**${title}**\n\n${markdownTable(["", ...COLUMNS.map(([head]) => head)], rows)}`;
  });
  const machine = `Medians of ${rounds} rounds on ${cores} cores (${cpu ?? "unknown"}); other programs had ` +
    `${others.toFixed(0)} % of the machine meanwhile.`;
  return [machine, ...tables, "**Targets, DAPS on Deno over HTTP/1.1**", targetTable(run)].join("\n\n");
}

function cell(figures: Readonly<Record<string, number | null>>, [head, keys, digits]: typeof COLUMNS[number]): string {
  const values = keys.map((key) => figures[key]?.toFixed(digits) ?? "–");
  if (values.every((value) => value === "–")) return "–";
  return values.join(head.includes("→") ? " → " : " / ");
}

function targetTable(run: RelayRun): string {
  const told = compare((peer, figure) => run.relay[peer]?.[figure] ?? null);
  const rows = told.map(({ what, value, target, met }) => [what, value, target, met ? "met" : "not met"]);
  return markdownTable(["", "measured", "target", ""], rows);
}

const SITUATIONS = {
  connections_2000: "2,000 deliveries in flight",
  parked_1000: "1,000 parked",
  body_256mb: "256 MB both ways, slow readers",
  requests_1m: "a million requests",
} as const;

export function memoryTable({ memory }: MemoryRun): string {
  const rows = PEERS.filter((peer) => memory[peer] !== undefined).map((peer) => [
    NAMES[peer],
    ...Object.keys(SITUATIONS).map((situation) => {
      const { rss_mb: rss, dirty_mb: dirty } = memory[peer]?.[situation] ?? {};
      return rss == null || dirty == null ? "–" : `${rss.toFixed(1)} / ${dirty.toFixed(1)}`;
    }),
  ]);
  return markdownTable(["most RSS / Private_Dirty, MB", ...Object.values(SITUATIONS)], rows);
}
