/**
 * What the API server told of a rollout's pods, as events.
 *
 * @module
 */
import type { V1ContainerStatus } from "@kubernetes/client-node";
import { containers, type PodChange } from "../../proof/index.ts";
import type { RolloutEvent } from "../recording.ts";

/** When something is known to have happened to a container, more exactly than the API server tells, in ms since 1970. */
export interface Known {
  readonly pod: string;
  readonly container: string;
  readonly kind: "running" | "ready" | "ended";
  readonly at: number;
}

/** The API server tells when a container started and ended in whole seconds, rounded down. */
const SECOND_MS = 1_000;

/** The containers' states and the pods' ends. `known` goes before what the API server tells, if they agree. */
export function podEvents(changes: readonly PodChange[], known: readonly Known[]): RolloutEvent[] {
  const events = new Map<string, RolloutEvent>();
  const add = (event: RolloutEvent & { pod: string; container?: string }) => {
    const key = [event.pod, event.container, event.kind].join("/");
    if (!events.has(key)) events.set(key, event);
  };
  for (const { type, at: toldAt, pod: { metadata }, pod } of changes) {
    const name = metadata?.name ?? "";
    if (metadata?.deletionTimestamp) add({ kind: "deleted", at: toldAt, pod: name });
    for (const status of containers(pod)) {
      const container = status.name;
      for (const [kind, at] of moments(status, toldAt)) {
        const better = known.find((each) =>
          each.pod === name && each.container === container && each.kind === kind && agrees(each.at, at)
        );
        add({ kind, at: better?.at ?? at.told, pod: name, container });
      }
    }
    if (type === "delete") add({ kind: "gone", at: toldAt, pod: name });
  }
  return [...events.values()];
}

/** When something may have been, in ms since 1970. */
interface Moment {
  readonly earliest: number;
  readonly latest: number;
  /** The best guess. */
  readonly told: number;
}

function moments(status: V1ContainerStatus, toldAt: number): [Known["kind"], Moment][] {
  const found: [Known["kind"], Moment][] = [];
  const { running, terminated } = status.state ?? {};
  const started = running?.startedAt ?? terminated?.startedAt;
  if (started) found.push(["running", within(started, toldAt)]);
  // The kubelet asks now and then whether it is, so that this may come late.
  if (status.ready) found.push(["ready", { earliest: Number.NEGATIVE_INFINITY, latest: toldAt, told: toldAt }]);
  if (terminated?.finishedAt) found.push(["ended", within(terminated.finishedAt, toldAt)]);
  return found;
}

/** @param second a Date by its type, but a text where it comes from a watch */
function within(second: Date | string, toldAt: number): Moment {
  const earliest = new Date(second).getTime();
  const latest = Math.max(earliest, Math.min(toldAt, earliest + SECOND_MS));
  return { earliest, latest, told: (earliest + latest) / 2 };
}

/** The last words of a process come a little before its end. */
const LAST_WORDS_MS = 300;

function agrees(at: number, { earliest, latest }: Moment): boolean {
  return at >= earliest - LAST_WORDS_MS && at <= latest;
}
