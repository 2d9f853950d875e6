/**
 * What each container of a rollout did when.
 *
 * @module
 */
import type { RolloutEvent } from "../recording.ts";

/** A part of a lane; times in ms since the first message was published. */
export interface Span<State extends string> {
  readonly state: State;
  readonly from: number;
  readonly to: number;
}

/**
 * - `starting`: it runs, but does not work yet
 * - `gated`: DAPS has not opened its port yet, and Dapr's sidecar waits for it
 * - `draining`: of the app, its pod is deleted and it still runs; of DAPS, no new delivery reaches the app any more; of
 *   Dapr's sidecar, the same where there is DAPS, else it has got SIGTERM
 */
export type ContainerState = "starting" | "gated" | "serving" | "draining";

export interface ContainerLane {
  readonly container: string;
  /** One after the other, without gaps. */
  readonly spans: readonly Span<ContainerState>[];
  readonly sigtermAt: number | undefined;
}

export interface PodLanes {
  readonly pod: string;
  /** A, B, C …, the old pods first. */
  readonly letter: string;
  /** Whether it was there before the rolling restart. */
  readonly old: boolean;
  readonly deletedAt: number | undefined;
  readonly lanes: readonly ContainerLane[];
}

/** As they stand in the picture, one under the other. */
const CONTAINERS = ["app", "daps", "daprd"];

/** @param until when the recording ends: what has not ended by then goes on until then */
export function podLanes(events: readonly RolloutEvent[], until: number): PodLanes[] {
  const rolloutAt = events.find(({ kind }) => kind === "rollout")?.at ?? Number.POSITIVE_INFINITY;
  const pods = Object.entries(Object.groupBy(events.filter(isOfPod), ({ pod }) => pod)).map(([pod, own = []]) => {
    const began = Math.min(...own.map(({ at }) => at));
    const deletedAt = own.find(({ kind }) => kind === "deleted")?.at;
    return { pod, own, began, deletedAt, old: began < rolloutAt };
  });
  const end = ({ deletedAt = Number.MAX_VALUE }: { deletedAt: number | undefined }) => deletedAt;
  // The old ones as they go, the new ones as they come.
  const old = pods.filter(({ old }) => old).sort((a, b) => end(a) - end(b));
  const young = pods.filter(({ old }) => !old).sort((a, b) => a.began - b.began);
  return [...old, ...young].map(({ pod, own, deletedAt, old }, index) => ({
    pod,
    letter: String.fromCharCode("A".charCodeAt(0) + index),
    old,
    deletedAt,
    lanes: CONTAINERS.flatMap((container) => lane(own, container, until)),
  }));
}

type PodEvent = RolloutEvent & { readonly pod: string };

/** Those that tell of a pod itself, rather than of a message in it. */
function isOfPod(event: RolloutEvent): event is PodEvent {
  return "pod" in event && event.pod !== null && !("message" in event);
}

function lane(own: readonly PodEvent[], container: string, until: number): ContainerLane[] {
  const at = (kind: RolloutEvent["kind"]) =>
    own.find((event) => event.kind === kind && "container" in event && event.container === container)?.at;
  const running = at("running");
  if (running === undefined) return [];
  const deleted = own.find(({ kind }) => kind === "deleted")?.at;
  const phase = (name: string) => own.find((event) => event.kind === "phase" && event.phase === name)?.at;
  const hasDaps = own.some((event) => "container" in event && event.container === "daps");
  const sigtermAt = at("sigterm");
  const begins: Record<ContainerState, number | undefined> = {
    starting: container === "daps" || (hasDaps && container === "daprd") ? undefined : running,
    gated: container === "app" || !hasDaps ? undefined : running,
    serving: hasDaps && container !== "app" ? phase("serving") : at("ready"),
    draining: container === "app" || hasDaps ? deleted : sigtermAt,
  };
  const ended = at("ended") ?? own.find(({ kind }) => kind === "gone")?.at ?? until;
  return [{ container, spans: spans(begins, ended), sigtermAt }];
}

function spans(begins: Readonly<Record<ContainerState, number | undefined>>, ended: number): Span<ContainerState>[] {
  const moments = (Object.entries(begins) as [ContainerState, number | undefined][])
    .filter((moment): moment is [ContainerState, number] => moment[1] !== undefined && moment[1] < ended)
    .sort(([, a], [, b]) => a - b);
  return moments.map(([state, from], index) => ({ state, from, to: moments[index + 1]?.[1] ?? ended }));
}
