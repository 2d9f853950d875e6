/**
 * Says what happens: log lines, metrics, and the termination message.
 * @module
 */
import type { Busy } from "../core/busy.ts";
import { formatDuration } from "../core/duration.ts";
import { type Ledger, total } from "../core/ledger.ts";
import { drainMessage, nextToEnd, stillRunning, waitingFor } from "../core/report.ts";
import type { Clock } from "../host/clock.ts";
import type { Log } from "../host/log.ts";
import type { Change, Lifecycle } from "./lifecycle.ts";
import type { SidecarMetrics } from "./metrics.ts";

/** How often to repeat what is waited for. */
const REMINDER_MS = 10_000;

export type NarratorOptions = {
  readonly lifecycle: Lifecycle;
  readonly ledger: Ledger;
  readonly busy: () => Busy;
  /** Deliveries that the app has answered whole, since the start. */
  readonly finished: () => number;
  /** Deliveries of which one end went away in the midst, since the start. */
  readonly cutOff: () => number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: SidecarMetrics;
  /** Writes the container's last words, replacing earlier ones. */
  readonly writeTerminationMessage: (message: string) => void;
};

export function narrate(options: NarratorOptions): void {
  const { lifecycle, ledger, busy, finished, cutOff, clock, log, metrics, writeTerminationMessage } = options;
  let finishedBefore = 0;
  let workMs = 0;
  let cutOffBefore = 0;
  let left: string | null = null;

  lifecycle.onStateChange((change) => {
    const { before, after } = change;
    if (before.phase === after.phase) return;
    const sinceMs = clock.now() - before.since;
    log.info(`${before.phase} → ${after.phase}`, {
      phase: after.phase,
      reason: after.reason,
      after: formatDuration(sinceMs),
      inFlight: total(ledger.inFlight),
      parked: total(ledger.parked),
    });
    if (before.phase === "gating" && after.phase === "serving") {
      metrics.gateOpened(sinceMs / 1000);
      if (change.event.type !== "ready") log.warn("opened the gate before the app was ready", { reason: after.reason });
    }
    if (after.phase === "draining") {
      finishedBefore = finished();
      cutOffBefore = cutOff();
      left = null;
    }
    if (after.phase === "leaving") {
      workMs = clock.now() - (after.drain?.startedAt ?? clock.now());
      metrics.drained(workMs / 1000);
    }
    if (after.phase === "forced") workMs = told(change);
    if (after.phase === "forced" || after.phase === "gone") {
      writeTerminationMessage(lastWords(typeof after.drain?.forcedAt === "number"));
    }
  });

  const remind = (): void => {
    const waiting = waitingFor(lifecycle.state, busy());
    if (waiting !== null) log.info(`waiting for ${waiting}`, { phase: lifecycle.state.phase });
    clock.after(REMINDER_MS, remind);
  };
  clock.after(REMINDER_MS, remind);

  /** @returns how long the work took, ms */
  function told({ before, after }: Change): number {
    metrics.forced();
    if (before.phase !== "draining") {
      left = `${nextToEnd(before)} has not ended`;
      log.warn("out of time: the work is done, but not every container has ended", { reason: after.reason, left });
      return workMs;
    }
    const ms = clock.now() - (after.drain?.startedAt ?? clock.now());
    metrics.drained(ms / 1000);
    left = stillRunning(after, busy()) ?? alreadyCutOff();
    log.warn("let go before the work was done", {
      reason: after.reason,
      running: left ?? "nothing",
      parked: after.parked,
    });
    return ms;
  }

  // At the end of the grace period all get SIGTERM at once, and this process may hear of it last.
  function alreadyCutOff(): string | null {
    const count = cutOff() - cutOffBefore;
    return count === 0 ? null : `${count} ${count === 1 ? "delivery" : "deliveries"} cut off`;
  }

  function lastWords(forced: boolean): string {
    return drainMessage({
      ms: workMs,
      finished: finished() - finishedBefore,
      parked: total(ledger.parked),
      forced,
      left,
    });
  }
}
