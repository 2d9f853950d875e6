/**
 * What the relay is to cost at most, as ratios to other proxies of the same run.
 * @module
 */
import type { Figure } from "./figures.ts";
import type { Peer } from "./peers.ts";

export type Comparison = {
  readonly what: string;
  readonly value: string;
  readonly target: string;
  readonly met: boolean;
};

/** The median of a figure, null if it was not measured. */
export type Read = (peer: Peer, figure: Figure) => number | null;

type Target = {
  readonly what: string;
  /** Null: something that it takes was not measured. */
  readonly value: (read: Read) => number | null;
  readonly most: number;
  readonly unit: string;
};

const TARGETS: readonly Target[] = [
  ratio("CPU a request, 16 connections, to HAProxy http", "cpu_us", "haproxy_http", 0.9),
  ratio("CPU a request, 16 connections, to queue-proxy", "cpu_us", "queue_proxy", 0.2),
  ratio("CPU a request, 500/s, to HAProxy http", "cpu_500_us", "haproxy_http", 1),
  {
    what: "added p50, 500/s, to HAProxy http's",
    value: (read) => quotient(added(read, "daps_deno", "p50_us"), added(read, "haproxy_http", "p50_us")),
    most: 1,
    unit: "×",
  },
  { what: "added p99, 500/s", value: (read) => added(read, "daps_deno", "p99_us"), most: 300, unit: "µs" },
  ratio("RSS after load, to queue-proxy's", "rss_after_mb", "queue_proxy", 1),
  { what: "Private_Dirty, idle", value: (read) => read("daps_deno", "dirty_idle_mb"), most: 10, unit: "MB" },
  { what: "start until the gate asks", value: (read) => read("daps_deno", "start_ms"), most: 120, unit: "ms" },
];

/** The targets for DAPS on Deno, those of them that can be told. */
export function compare(read: Read): Comparison[] {
  return TARGETS.flatMap(({ what, value, most, unit }) => {
    const found = value(read);
    if (found === null) return [];
    const text = (number: number) => `${unit === "×" ? number.toFixed(2) : number.toFixed(0)} ${unit}`;
    return [{ what, value: text(found), target: `≤ ${text(most)}`, met: found <= most }];
  });
}

function ratio(what: string, figure: Figure, peer: Peer, most: number): Target {
  return { what, value: (read) => quotient(read("daps_deno", figure), read(peer, figure)), most, unit: "×" };
}

/** What a proxy adds to the time that the same load takes without it. */
function added(read: Read, peer: Peer, figure: Figure): number | null {
  const [through, direct] = [read(peer, figure), read("direct", figure)];
  return through === null || direct === null ? null : through - direct;
}

function quotient(one: number | null, other: number | null): number | null {
  return one === null || other === null || other === 0 ? null : one / other;
}
