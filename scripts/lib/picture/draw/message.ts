/**
 * The lane of a message.
 *
 * @module
 */
import type { MessageLane, MessageSpan } from "../model/messages.ts";
import type { Frame, Scale } from "./frame.ts";
import { bar, cross, element, line, type Shape, text, tick } from "./shapes.ts";
import { fault } from "./words.ts";

/** Height of the lane, in px. */
export const MESSAGE = 10;
const MESSAGE_BAR = 8;
const SMALL = { size: 9, colour: "bad" } as const;

/** @param letter what a pod is called in the picture */
export function drawMessage(
  { spans, marks, outcome }: MessageLane,
  top: number,
  scale: Scale,
  frame: Frame,
  letter: (pod: string) => string,
): Shape {
  const middle = top + MESSAGE / 2;
  const shapes: Shape[] = [];
  if (outcome !== "acknowledged") {
    const width = frame.right - frame.left;
    shapes.push(element("rect", { class: "bad-row", x: frame.left, y: top, width, height: MESSAGE }));
  }
  for (const span of spans) {
    const rivals = spans.filter((other) => other !== span && other.from < span.to && other.to > span.from);
    // Two attempts at once share the lane, the later one below.
    const share = rivals.length === 0 ? "whole" : rivals.some(({ from }) => from < span.from) ? "lower" : "upper";
    shapes.push(...drawSpan(span, middle, share, scale, letter));
  }
  for (const mark of marks) {
    const left = scale(mark.at);
    shapes.push(mark.kind === "lost" ? cross(left, middle, 3.5) : tick(left + 6, middle, 3));
    const words = fault(mark, letter);
    if (words !== "") shapes.push(text(left + (mark.kind === "lost" ? 8 : 13), middle + 3.3, words, SMALL));
  }
  return element("g", {}, ...shapes);
}

function drawSpan(
  { state, from, to, pod }: MessageSpan,
  middle: number,
  share: "whole" | "upper" | "lower",
  scale: Scale,
  letter: (pod: string) => string,
): Shape[] {
  const [left, right] = [scale(from), scale(to)];
  if (state === "queued") {
    return right - left < 1 ? [] : [line("queued", [[left, middle], [right, middle]], { "stroke-width": 1.5 })];
  }
  const top = share === "lower" ? middle + 0.4 : middle - MESSAGE_BAR / 2;
  const height = share === "whole" ? MESSAGE_BAR : MESSAGE_BAR / 2 - 0.4;
  const shapes = [bar(state === "cutOff" ? "working" : state, left, right, top, height)];
  if (pod !== undefined && share === "whole" && right - left > 10) {
    shapes.push(text(left + 3, middle + 3.1, letter(pod), { size: 8.5, bold: true, colour: "letter" }));
  }
  if (state === "cutOff") shapes.push(cross(right, middle, 3));
  return shapes;
}
