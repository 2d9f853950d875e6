/**
 * All that is known of one side of a rollout, as events in the order of their times.
 *
 * @module
 */
import type { PodChange, WorkerEvent, WorkerNames } from "../../proof/index.ts";
import type { RolloutEvent } from "../recording.ts";
import type { Passage } from "./firehose.ts";
import { logFacts, type LogLine } from "./logs.ts";
import { type Known, podEvents } from "./pods.ts";

/** What was seen of a side; all times in ms since 1970. */
export interface Seen {
  readonly names: Pick<WorkerNames, "topic" | "queue">;
  readonly published: readonly string[];
  readonly changes: readonly PodChange[];
  /** The ledger's. */
  readonly told: readonly WorkerEvent[];
  /** Of all sides. */
  readonly passages: readonly Passage[];
  readonly logs: readonly LogLine[];
  readonly rolloutAt: number | undefined;
}

/** Times are in ms since 1970. Messages that are not of this run are left out. */
export function assemble({ names, published, changes, told, passages, logs, rolloutAt }: Seen): RolloutEvent[] {
  const ids = new Set(published);
  const facts = logFacts(logs);
  const events: RolloutEvent[] = [
    ...rolloutAt === undefined ? [] : [{ kind: "rollout", at: rolloutAt } as const],
    ...podEvents(changes, [...facts.known, ...told.flatMap(appKnown)]),
    ...facts.events,
    ...told.flatMap(appEvents),
    ...passages.filter(({ place }) => place === names.topic || place === names.queue)
      .map((passage) => messageEvent(passage, changes)),
  ];
  const known = events.filter((event) => !("message" in event) || ids.has(event.message));
  return known.sort((a, b) => a.at - b.at);
}

/** The app's container ends when its process says so, and is ready when it says so itself. */
function appKnown({ kind, at, pod }: WorkerEvent): Known[] {
  const kinds = { started: "running", ready: "ready", exit: "ended" } as const;
  return kind in kinds ? [{ kind: kinds[kind as keyof typeof kinds], at, pod, container: "app" }] : [];
}

function appEvents(event: WorkerEvent): RolloutEvent[] {
  const { at, pod } = event;
  switch (event.kind) {
    case "sigterm":
      return [{ kind: "sigterm", at, pod, container: "app" }];
    case "begun":
    case "completed":
      return [{ kind: event.kind, at, pod, message: event.message, attempt: event.attempt }];
    case "refused":
      return [{ kind: "refused", at, pod, message: event.message }];
    default:
      return [];
  }
}

function messageEvent({ kind, at, message, peer }: Passage, changes: readonly PodChange[]): RolloutEvent {
  if (kind === "published") return { kind, at, message };
  // An address may have been another pod's before.
  const owner = changes.findLast(({ pod, at: toldAt }) => pod.status?.podIP === peer && toldAt <= at) ??
    changes.find(({ pod }) => pod.status?.podIP === peer);
  return { kind, at, message, pod: owner?.pod.metadata?.name ?? null };
}
