/**
 * What a picture shows, from recorded events.
 *
 * @module
 */
import { type Recording, type RolloutEvent, type SideName } from "../recording.ts";
import { type MessageLane, messageLanes } from "./messages.ts";
import { type PodLanes, podLanes } from "./pods.ts";

export interface SideModel {
  readonly side: SideName;
  readonly rolloutAt: number | undefined;
  readonly pods: readonly PodLanes[];
  readonly messages: readonly MessageLane[];
}

export interface Model {
  readonly native: boolean;
  /** What is to be seen, in ms since the first message was published. */
  readonly from: number;
  readonly to: number;
  /** Dapr alone, and with DAPS. */
  readonly sides: readonly [SideModel, SideModel];
}

/** What is seen before the first event. */
const BEFORE_MS = 700;
/** What is seen after the last one, of all that is seen: there is a word beside it. */
const AFTER = 0.1;

export function model({ native, sides }: Recording): Model {
  const all = [...sides.alone, ...sides.daps];
  const published = all.filter(({ kind }) => kind === "published").map(({ at }) => at);
  const from = Math.min(0, ...published) - BEFORE_MS;
  const last = Math.max(0, ...all.map(({ at }) => at));
  const to = Math.ceil(from + (last - from) / (1 - AFTER));
  return {
    native,
    from,
    to,
    sides: [sideModel("alone", sides.alone, to), sideModel("daps", sides.daps, to)],
  };
}

function sideModel(side: SideName, events: readonly RolloutEvent[], until: number): SideModel {
  return {
    side,
    rolloutAt: events.find(({ kind }) => kind === "rollout")?.at,
    pods: podLanes(events, until),
    messages: messageLanes(events, until),
  };
}
