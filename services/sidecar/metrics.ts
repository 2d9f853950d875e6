/**
 * What the sidecar counts, for Prometheus.
 * @module
 */
import { type Ledger, total, TRAFFIC_CLASSES } from "../core/ledger.ts";
import { type Phase, PHASES } from "../core/status.ts";
import { CONTENT_TYPE, counter, expose, gauge, histogram } from "../host/exposition.ts";

/** In seconds: from an idle pod to the longest grace periods in use. */
const DRAIN_BUCKETS_S = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800];
const GATE_BUCKETS_S = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

export interface SidecarMetrics {
  readonly contentType: string;
  /** Prometheus text format. */
  text(): string;
  requested(cls: string, outcome: string): void;
  redelivered(): void;
  tooLarge(): void;
  gateOpened(seconds: number): void;
  drained(seconds: number): void;
  forced(): void;
}

/** @param phase read at each scrape */
export function createMetrics(ledger: Ledger, phase: () => Phase): SidecarMetrics {
  const requests = counter("daps_requests_total", "Requests of Dapr to the app, by class and how they ended.", [
    "class",
    "outcome",
  ]);
  const redelivered = counter("daps_redelivered_total", "Deliveries sent again after a crash of the app.");
  const tooLarge = counter(
    "daps_too_large_total",
    "Deliveries that a crash cut off and that were too large to be held.",
  );
  const gate = histogram("daps_gate_seconds", "From start to the app's readiness.", GATE_BUCKETS_S);
  const drain = histogram("daps_drain_seconds", "From the first hook to the end of the app's work.", DRAIN_BUCKETS_S);
  const forced = counter("daps_forced_total", "Drains that ran out of time: the work, the app or daprd had not ended.");
  const metrics = [
    gauge(
      "daps_phase",
      "1 for the phase that the sidecar is in.",
      ["phase"],
      () => PHASES.map((name) => [[name], name === phase() ? 1 : 0]),
    ),
    gauge(
      "daps_in_flight",
      "Requests (for opaque: connections) between Dapr and the app.",
      ["class"],
      () => TRAFFIC_CLASSES.map((cls) => [[cls], ledger.inFlight[cls]]),
    ),
    gauge(
      "daps_parked",
      "Requests that wait in DAPS, neither answered nor refused.",
      [],
      () => [[[], total(ledger.parked)]],
    ),
    requests,
    redelivered,
    tooLarge,
    gate,
    drain,
    forced,
  ];
  return {
    contentType: CONTENT_TYPE,
    text: () => expose(metrics),
    requested: (cls, outcome) => requests.inc(cls, outcome),
    redelivered: () => redelivered.inc(),
    tooLarge: () => tooLarge.inc(),
    gateOpened: (seconds) => gate.observe(seconds),
    drained: (seconds) => drain.observe(seconds),
    forced: () => forced.inc(),
  };
}
