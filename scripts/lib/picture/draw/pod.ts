/**
 * The lanes of a pod's containers.
 *
 * @module
 */
import type { ContainerLane, PodLanes } from "../model/pods.ts";
import type { Frame, Scale } from "./frame.ts";
import { bar, line, type Shape, text } from "./shapes.ts";

/** Height of a container's lane, in px. */
export const LANE = 13;
const LANE_BAR = 9;
const CONTAINER_NAMES: Readonly<Record<string, string>> = { app: "app", daps: "DAPS", daprd: "daprd" };

export function drawPod({ letter, old, lanes, deletedAt }: PodLanes, top: number, scale: Scale, frame: Frame): Shape[] {
  const middle = top + (lanes.length * LANE) / 2;
  const shapes = [text(24, middle + 4, `${old ? "old" : "new"} pod ${letter}`, { size: 11 })];
  lanes.forEach((lane, index) => shapes.push(...drawLane(lane, top + index * LANE, scale, frame)));
  if (deletedAt !== undefined) {
    const at = scale(deletedAt);
    shapes.push(line("rule", [[at, top - 4], [at, top + lanes.length * LANE]], { "stroke-dasharray": "2 2" }));
    shapes.push(text(at + 4, top - 1.5, "deleted", { size: 9, colour: "quiet" }));
  }
  return shapes;
}

function drawLane({ container, spans, sigtermAt }: ContainerLane, top: number, scale: Scale, frame: Frame): Shape[] {
  const y = top + (LANE - LANE_BAR) / 2;
  const within = (ms: number) => Math.min(frame.right, Math.max(frame.left, scale(ms)));
  const shapes = [
    text(frame.left - 8, top + LANE - 3, CONTAINER_NAMES[container] ?? container, {
      size: 10,
      colour: "quiet",
      anchor: "end",
    }),
    ...spans.filter(({ to }) => scale(to) > frame.left)
      .map(({ state, from, to }) => bar(state, within(from), within(to), y, LANE_BAR)),
  ];
  if (sigtermAt !== undefined) {
    const at = scale(sigtermAt);
    shapes.push(line("signal", [[at, top + 0.5], [at, top + LANE - 0.5]], { "stroke-width": 2 }));
  }
  return shapes;
}
