/**
 * What a worker tells the ledger outside its pod.
 *
 * @module
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** What every report says. */
interface Told {
  readonly pod: string;
  /** Of one process: a restarted container has the pod's name, but another instance. */
  readonly instance: string;
  /** Counts the reports of an instance from 0, so that one that came twice is known, and one that is missing. */
  readonly sequence: number;
  /** When it happened, by the worker's clock, in ms since 1970. */
  readonly at: number;
}

/** What a worker reports, without what is common to all reports. */
export type Happening =
  /** `sigterm`: received. `exit`: about to end by itself. */
  | { readonly kind: "started" | "listening" | "ready" | "sigterm" | "exit" }
  /** A request other than for readiness and busy that came before the ready path first gave 2xx. */
  | { readonly kind: "early"; readonly method: string; readonly path: string }
  /** One of Dapr's questions (`/dapr/…`, OPTIONS), and how it was answered. */
  | { readonly kind: "asked"; readonly method: string; readonly path: string; readonly status: number }
  /** A message that was answered with an error as the worker was not ready. */
  | { readonly kind: "refused"; readonly message: string; readonly status: number }
  /** Told before the work starts; an attempt without `completed` was cut off. */
  | { readonly kind: "begun" | "completed"; readonly message: string; readonly attempt: string };

export type WorkerEvent = Told & Happening;

const REPORT_TIMEOUT_MS = 2_000;
const REPORT_PAUSE_MS = 100;
const REPORT_ATTEMPTS = 30;

/**
 * Reports to the ledger; each one is awaited and repeated until the ledger has taken it. A worker that finds no ledger
 * when it starts (the demo's is gone when the demo has ended, its workers are not) works without.
 */
export class Reporter {
  readonly #url: string;
  readonly #pod: string;
  readonly #instance = crypto.randomUUID();
  #sequence = 0;
  #unrecorded = false;

  constructor(url: string, pod: string) {
    this.#url = url;
    this.#pod = pod;
  }

  async report(happening: Happening): Promise<void> {
    if (this.#unrecorded) return;
    const told: Told = { pod: this.#pod, instance: this.#instance, sequence: this.#sequence++, at: Date.now() };
    const body = JSON.stringify({ ...told, ...happening });
    let last: unknown;
    for (let attempt = 0; attempt < REPORT_ATTEMPTS; attempt++) {
      if (attempt > 0) await sleep(REPORT_PAUSE_MS);
      try {
        const signal = AbortSignal.timeout(REPORT_TIMEOUT_MS);
        const response = await fetch(this.#url, { method: "POST", body, signal });
        await response.body?.cancel();
        if (response.ok) return;
        last = `status ${response.status}`;
      } catch (error) {
        last = error;
      }
    }
    console.error(`Cannot report ${happening.kind} to ${this.#url} after ${REPORT_ATTEMPTS} attempts:`, last);
    if (told.sequence === 0) {
      this.#unrecorded = true;
      return;
    }
    // Counts that miss a report would be wrong without anybody knowing: better no worker than such a one.
    console.error(`Cannot report ${happening.kind} to ${this.#url} after ${REPORT_ATTEMPTS} attempts:`, last);
    process.exit(70);
  }
}
