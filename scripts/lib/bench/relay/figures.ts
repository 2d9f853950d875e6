/**
 * The figures of one peer.
 * @module
 */
import { median } from "../statistics.ts";
import { type Peer, PEERS } from "./peers.ts";

/** As in the JSON: POST of 1 KiB, the same over HTTP/2, POST of 64 KiB. */
export const SECTIONS = ["relay", "h2c", "body64k"] as const;

export type Section = typeof SECTIONS[number];

/** As in the JSON; null: not measured. */
export const FIGURES = [
  "rps",
  "cpu_us",
  "p50_us",
  "p90_us",
  "p99_us",
  "p999_us",
  "cpu_500_us",
  "rss_idle_mb",
  "rss_after_mb",
  "dirty_idle_mb",
  "dirty_after_mb",
  "start_ms",
] as const;

export type Figure = typeof FIGURES[number];
export type Figures = Readonly<Record<Figure, number | null>>;

/** Of each peer that was measured, the figures of every round. */
export type Rounds = Partial<Record<Peer, readonly Figures[]>>;

export type Results = Partial<Record<Section, Rounds>>;

export const NOT_MEASURED: Figures = Object.fromEntries(FIGURES.map((figure) => [figure, null])) as Figures;

/** What was measured of a figure, in the order of the rounds. */
export function measured(rounds: readonly Figures[] | undefined, figure: Figure): number[] {
  return (rounds ?? []).map((round) => round[figure]).filter((value) => value !== null);
}

/** The median of the rounds in which it was measured. */
export function middle(rounds: readonly Figures[] | undefined, figure: Figure): number | null {
  const values = measured(rounds, figure);
  return values.length === 0 ? null : median(values);
}

/** For the JSON: every peer; `start_ms` only where it was measured, the other figures null where they were not. */
export function medians(rounds: Rounds): Record<Peer, Partial<Figures>> {
  const ofPeer = (peer: Peer) =>
    FIGURES.map((figure) => [figure, rounded(middle(rounds[peer], figure))] as const)
      .filter(([figure, value]) => figure !== "start_ms" || value !== null);
  return Object.fromEntries(PEERS.map((peer) => [peer, Object.fromEntries(ofPeer(peer))])) as ReturnType<
    typeof medians
  >;
}

function rounded(value: number | null): number | null {
  if (value === null) return null;
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}
