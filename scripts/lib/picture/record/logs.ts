/**
 * What the logs of the sidecars say of a rollout.
 *
 * @module
 */
import * as v from "valibot";
import { PHASES } from "../../../../services/core/status.ts";
import type { RolloutEvent } from "../recording.ts";
import type { Known } from "./pods.ts";

/** A line of a container's log, with the time at which the container runtime took it, in ms since 1970. */
export interface LogLine {
  readonly pod: string;
  readonly container: string;
  readonly at: number;
  readonly text: string;
}

export interface LogFacts {
  readonly events: readonly RolloutEvent[];
  readonly known: readonly Known[];
}

/** A line of DAPS's log. */
const told = v.object({ time: v.string(), msg: v.string(), phase: v.optional(v.picklist(PHASES)) });

/** What Dapr 1.18 writes when it gets a signal, and when it has started. */
const DAPRD_SIGNAL = /received signal/i;
const DAPRD_READY = /dapr initialized/i;

/** A container is taken to run from its first line on, and to end with its last. */
export function logFacts(lines: readonly LogLine[]): LogFacts {
  const events: RolloutEvent[] = [];
  const known: Known[] = [];
  for (const [container, own] of Object.entries(Object.groupBy(lines, (line) => `${line.pod} ${line.container}`))) {
    const [pod = "", name = ""] = container.split(" ");
    const sorted = [...own ?? []].sort((a, b) => a.at - b.at);
    const [first, last] = [sorted[0], sorted.at(-1)];
    if (first !== undefined) known.push({ kind: "running", at: first.at, pod, container: name });
    if (last !== undefined) known.push({ kind: "ended", at: last.at, pod, container: name });
    for (const line of sorted) {
      if (name === "daps") events.push(...dapsEvents(line));
      if (name !== "daprd") continue;
      if (DAPRD_SIGNAL.test(line.text)) events.push({ kind: "sigterm", at: line.at, pod, container: name });
      if (DAPRD_READY.test(line.text)) known.push({ kind: "ready", at: line.at, pod, container: name });
    }
  }
  return { events, known };
}

function dapsEvents({ pod, container, text }: LogLine): RolloutEvent[] {
  let line: v.InferOutput<typeof told>;
  try {
    line = v.parse(told, JSON.parse(text));
  } catch {
    return [];
  }
  const at = Date.parse(line.time);
  if (line.msg === "asked to end") return [{ kind: "sigterm", at, pod, container }];
  if (line.msg === "gating") return [{ kind: "phase", at, pod, phase: "gating" }];
  return line.msg.includes("→") && line.phase ? [{ kind: "phase", at, pod, phase: line.phase }] : [];
}
