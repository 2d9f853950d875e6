/**
 * What the sidecar counts, for Prometheus.
 * @module
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type Ledger, total, TRAFFIC_CLASSES } from "../core/ledger.ts";
import { type Phase, PHASES } from "../core/status.ts";

/** In seconds: from an idle pod to the longest grace periods in use. */
const DRAIN_BUCKETS_S = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800];
const GATE_BUCKETS_S = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

export interface SidecarMetrics {
  readonly contentType: string;
  /** Prometheus text format. */
  text(): Promise<string>;
  requested(cls: string, outcome: string): void;
  gateOpened(seconds: number): void;
  drained(seconds: number): void;
  forced(): void;
}

/** @param phase read at each scrape */
export function createMetrics(ledger: Ledger, phase: () => Phase): SidecarMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "daps_requests_total",
    help: "Requests of Dapr to the app, by class and how they ended.",
    labelNames: ["class", "outcome"],
    registers,
  });
  const gate = new Histogram({
    name: "daps_gate_seconds",
    help: "From start to the app's readiness.",
    buckets: GATE_BUCKETS_S,
    registers,
  });
  const drain = new Histogram({
    name: "daps_drain_seconds",
    help: "From the first hook to the end of the app's work.",
    buckets: DRAIN_BUCKETS_S,
    registers,
  });
  const forced = new Counter({ name: "daps_forced_total", help: "Drains that ended before the work did.", registers });
  const phases = new Gauge({
    name: "daps_phase",
    help: "1 for the phase that the sidecar is in.",
    labelNames: ["phase"],
    registers,
  });
  const inFlight = new Gauge({
    name: "daps_in_flight",
    help: "Requests (for opaque: connections) between Dapr and the app.",
    labelNames: ["class"],
    registers,
  });
  const parked = new Gauge({
    name: "daps_parked",
    help: "Requests that wait in DAPS, neither answered nor refused.",
    registers,
  });
  const read = (): void => {
    for (const name of PHASES) phases.set({ phase: name }, name === phase() ? 1 : 0);
    for (const cls of TRAFFIC_CLASSES) inFlight.set({ class: cls }, ledger.inFlight[cls]);
    parked.set(total(ledger.parked));
  };
  return {
    contentType: registry.contentType,
    text() {
      read();
      return registry.metrics();
    },
    requested: (cls, outcome) => requests.inc({ class: cls, outcome }),
    gateOpened: (seconds) => gate.observe(seconds),
    drained: (seconds) => drain.observe(seconds),
    forced: () => forced.inc(),
  };
}
