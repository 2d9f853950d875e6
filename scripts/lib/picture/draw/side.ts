/**
 * One half of a picture: the lanes of one side.
 *
 * @module
 */
import type { SideModel } from "../model/model.ts";
import type { Frame, Scale } from "./frame.ts";
import { drawMessage, MESSAGE } from "./message.ts";
import { drawPod, LANE } from "./pod.ts";
import { line, type Shape, text } from "./shapes.ts";
import { headline, SIDE_NAMES } from "./words.ts";

export interface Drawn {
  readonly shapes: readonly Shape[];
  /** Where it ends, in px. */
  readonly bottom: number;
}

/** From the top of a side to its first lane. */
export const HEAD = 32;
const POD_GAP = 7;

export function drawSide(side: SideModel, top: number, scale: Scale, frame: Frame): Drawn {
  const { words, good } = headline(side);
  const shapes: Shape[] = [
    text(24, top + 16, SIDE_NAMES[side.side], { size: 16, bold: true }),
    text(frame.left, top + 16, words, { size: 14, bold: true, colour: good ? "good" : "bad" }),
  ];
  let y = top + HEAD;
  for (const pod of side.pods) {
    shapes.push(...drawPod(pod, y, scale, frame));
    y += pod.lanes.length * LANE + POD_GAP;
  }
  y += 6;
  shapes.push(
    text(24, y + 9, "messages", { size: 11 }),
    ...["in order of", "publishing"].map((words, index) =>
      text(24, y + 22 + index * 12, words, { size: 10, colour: "quiet" })
    ),
  );
  const letters = new Map(side.pods.map(({ pod, letter }) => [pod, letter]));
  const letter = (pod: string) => letters.get(pod) ?? "";
  for (const message of side.messages) {
    shapes.push(drawMessage(message, y, scale, frame, letter));
    y += MESSAGE;
  }
  return { shapes: [...rollout(side, [top + HEAD - 6, y], scale), ...shapes], bottom: y };
}

/** Its words stand where no message can be: the first ones are done when the last ones come. */
function rollout({ rolloutAt }: SideModel, [top, bottom]: readonly [number, number], scale: Scale): Shape[] {
  if (rolloutAt === undefined) return [];
  const at = scale(rolloutAt);
  return [
    line("rule", [[at, top], [at, bottom]], { "stroke-dasharray": "5 3" }),
    text(at + 6, bottom - 3, "rolling restart begins", { size: 10, colour: "quiet" }),
  ];
}
