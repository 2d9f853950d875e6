/**
 * What sidecars do, for people and for programs.
 * @module
 */
import { formatDuration } from "../../core/duration.ts";
import type { Counts } from "../../core/ledger.ts";
import { total } from "../../core/ledger.ts";
import type { Status } from "../../core/status.ts";
import { counted, paragraph, table } from "../table.ts";
import { json } from "../terminal.ts";
import type { SidecarPod } from "./cluster.ts";

/** A pod, and what its sidecar answered or why it did not. */
export type Row = { readonly pod: SidecarPod; readonly status: Status | null; readonly error: string | null };

const HEADINGS = ["namespace", "pod", "phase", "since", "in flight", "parked", "busy", "deadline", "waiting for"];

/** @param now ms since 1970 */
export function asText(rows: readonly Row[], now: number): string {
  return table(HEADINGS, rows.map((row) => cells(row, now))) + warningsOf(rows);
}

function cells({ pod, status, error }: Row, now: number): string[] {
  const names = [pod.namespace, pod.name];
  if (status === null) return [...names, pod.ended ? "ended" : "?", "-", "-", "-", "-", "-", error ?? "-"];
  return [
    ...names,
    status.phase,
    age(now - Date.parse(status.since)),
    inFlight(status.inFlight),
    String(status.parked),
    busyText(status.busy),
    status.deadline === null ? "-" : deadline(Date.parse(status.deadline) - now),
    status.waitingFor ?? "-",
  ];
}

/** `12s`, `5m20s`, `3h4m`, `2d5h`: as exact as it is useful. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  if (hours >= 48) return `${Math.floor(hours / 24)}d${hours % 24 ? `${hours % 24}h` : ""}`;
  return formatDuration((hours > 0 ? seconds - seconds % 60 : seconds) * 1000);
}

function deadline(ms: number): string {
  return ms >= 0 ? `in ${age(ms)}` : `${age(-ms)} ago`;
}

function inFlight(counts: Counts): string {
  if (total(counts) === 0) return "0";
  return [
    counts.delivery > 0 ? counted(counts.delivery, "delivery", "deliveries") : "",
    counts.call > 0 ? counted(counts.call, "call") : "",
    counts.opaque > 0 ? `${counts.opaque} opaque` : "",
  ].filter((part) => part !== "").join(", ");
}

function busyText({ source, value, reason }: Status["busy"]): string {
  if (source === "in-flight") return value ? "in flight" : "no endpoint";
  return value ? `yes${reason === null ? "" : ` (${reason})`}` : "no";
}

/** Each warning once, with the pods that have it: replicas share theirs. */
function warningsOf(rows: readonly Row[]): string {
  const podsOf = new Map<string, string[]>();
  for (const { pod } of rows) {
    for (const warning of pod.warnings) {
      podsOf.set(warning, [...podsOf.get(warning) ?? [], `${pod.namespace}/${pod.name}`]);
    }
  }
  return [...podsOf].map(([warning, pods]) => `\n${paragraph(warning)}${paragraph(some(pods), "  ")}`).join("");
}

const SHOWN = 3;

function some(pods: readonly string[]): string {
  const more = pods.length - SHOWN;
  return `on ${pods.slice(0, SHOWN).join(", ")}${more > 0 ? ` and ${counted(more, "more pod")}` : ""}`;
}

export function asJson(rows: readonly Row[]): string {
  return json(rows.map(({ pod: { namespace, name, ended, warnings }, status, error }) => ({
    ...{ namespace, name, ended, status, error, warnings },
  })));
}
