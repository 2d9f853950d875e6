/**
 * The figures of the relay's bench for people.
 * @module
 */
import { table } from "../../proof/table.ts";
import { median, spread } from "../statistics.ts";
import { type Figure, measured, middle, type Results, type Rounds } from "./figures.ts";
import { type Peer, PEERS } from "./peers.ts";
import { compare } from "./targets.ts";

const COLUMNS: readonly (readonly [string, Figure, number])[] = [
  ["req/s", "rps", 0],
  ["CPU µs", "cpu_us", 1],
  ["p50 µs", "p50_us", 0],
  ["p90 µs", "p90_us", 0],
  ["p99 µs", "p99_us", 0],
  ["p99.9 µs", "p999_us", 0],
  ["CPU µs at 500/s", "cpu_500_us", 1],
];

const MEMORY: readonly (readonly [string, Figure, number])[] = [
  ["RSS idle MB", "rss_idle_mb", 1],
  ["RSS after", "rss_after_mb", 1],
  ["Private_Dirty idle MB", "dirty_idle_mb", 1],
  ["Private_Dirty after", "dirty_after_mb", 1],
  ["start ms", "start_ms", 0],
];

/** More than this moves the figures. */
const MUCH = 0.05;

/** @param others the part of the machine that other programs had, visit by visit */
export function report(results: Results, rounds: number, others: readonly number[]): string {
  const parts = Object.entries(results).flatMap(([section, figures]) => [
    `${section}: 16 connections; percentiles at 500 requests a second`,
    figureTable(figures, COLUMNS),
    figureTable(figures, MEMORY),
  ]);
  const targets = compare((peer, figure) => middle(results.relay?.[peer], figure));
  if (targets.length > 0) {
    const rows = targets.map(({ what, value, target, met }) => [what, value, target, met ? "met" : "NOT met"]);
    parts.push("targets, DAPS on Deno in the section relay", table([["", "measured", "target", ""], ...rows]));
  }
  const noise = `Other programs had ${spread(others.map((share) => share * 100), 0)} % of the machine meanwhile`;
  const advice = median(others) > MUCH ? ": measure again when it is idle" : "";
  return `${parts.join("\n")}\nMedian (least–most) of ${rounds} interleaved rounds. ${noise}${advice}.\n`;
}

function figureTable(figures: Rounds, columns: readonly (readonly [string, Figure, number])[]): string {
  const cell = (peer: Peer, figure: Figure, digits: number) => {
    const values = measured(figures[peer], figure);
    return values.length === 0 ? "–" : spread(values, digits);
  };
  const peers = PEERS.filter((peer) => figures[peer] !== undefined);
  return table([
    ["", ...columns.map(([title]) => title)],
    ...peers.map((peer) => [peer, ...columns.map(([, figure, digits]) => cell(peer, figure, digits))]),
  ]);
}
