/**
 * What the webhook counts.
 * @module
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

export type AdmissionResult = "injected" | "skipped" | "unreadable" | "failed";

/** In seconds; the API server waits for at most 5 of them. */
const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export interface WebhookMetrics {
  readonly contentType: string;
  /** Prometheus text format. */
  text(): Promise<string>;
  /** @param reason a stable id */
  admitted(result: AdmissionResult, reason: string, warnings: readonly string[], seconds: number): void;
  certificateExpires(at: Date): void;
}

export function createMetrics(): WebhookMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "daps_admission_requests_total",
    help: "Pods asked about, by what was done and why.",
    labelNames: ["result", "reason"],
    registers,
  });
  const warnings = new Counter({
    name: "daps_admission_warnings_total",
    help: "Warnings given, by their id.",
    labelNames: ["id"],
    registers,
  });
  const duration = new Histogram({
    name: "daps_admission_duration_seconds",
    help: "How long an admission took.",
    buckets: DURATION_BUCKETS_S,
    registers,
  });
  const expiry = new Gauge({
    name: "daps_certificate_expiry_timestamp_seconds",
    help: "When the serving certificate expires, in seconds since 1970.",
    registers,
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    admitted(result, reason, ids, seconds) {
      requests.inc({ result, reason });
      for (const id of ids) warnings.inc({ id });
      duration.observe(seconds);
    },
    certificateExpires: (at) => expiry.set(at.getTime() / 1000),
  };
}
