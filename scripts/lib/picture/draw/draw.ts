/**
 * Draws a recorded rollout: Dapr alone above, with DAPS below, on one time axis.
 *
 * @module
 */
import { scaleLinear } from "d3-scale";
import { toXml } from "xast-util-to-xml";
import { type Model, model } from "../model/model.ts";
import type { Recording } from "../recording.ts";
import type { Frame, Scale } from "./frame.ts";
import { drawLegend, LEGEND_HEIGHT } from "./legend.ts";
import { element, line, type Shape, text } from "./shapes.ts";
import { drawSide, HEAD } from "./side.ts";
import { styleSheet } from "./style.ts";
import { description, subtitle, title } from "./words.ts";

const WIDTH = 1000;
const FRAME: Frame = { left: 136, right: WIDTH - 24 };
const TOP = 66;
const SIDE_GAP = 26;
const AXIS_HEIGHT = 44;

/** A whole SVG document. The same recording always gives the same text. */
export function draw(recording: Recording): string {
  const shown = model(recording);
  const seconds = scaleLinear([shown.from / 1000, shown.to / 1000], [FRAME.left, FRAME.right]);
  const scale: Scale = (ms) => seconds(ms / 1000);
  const above = TOP + LEGEND_HEIGHT + 16;
  const first = drawSide(shown.sides[0], above, scale, FRAME);
  const second = drawSide(shown.sides[1], first.bottom + SIDE_GAP, scale, FRAME);
  const height = second.bottom + AXIS_HEIGHT;
  const extent = [above + HEAD - 6, second.bottom + 4] as const;
  const shapes = [
    text(24, 32, title(shown), { size: 18, bold: true }),
    text(24, 52, subtitle(shown), { colour: "quiet" }),
    ...drawLegend(FRAME.left, TOP),
    ...drawAxis(seconds.ticks(12), seconds, extent),
    ...first.shapes,
    ...second.shapes,
  ];
  return document(shown, shapes, height);
}

function drawAxis(
  ticks: readonly number[],
  seconds: (value: number) => number,
  [top, bottom]: readonly [number, number],
) {
  return [
    ...ticks.flatMap((value) => [
      line("grid", [[seconds(value), top], [seconds(value), bottom]]),
      text(seconds(value), bottom + 14, String(value), { size: 11, colour: "quiet", anchor: "middle" }),
    ]),
    text(FRAME.right, bottom + 30, "seconds since the first message was published", {
      size: 11,
      colour: "quiet",
      anchor: "end",
    }),
  ];
}

function document(shown: Model, shapes: readonly Shape[], height: number): string {
  const svg = element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${WIDTH} ${Math.ceil(height)}`,
      width: WIDTH,
      height: Math.ceil(height),
      role: "img",
      "aria-labelledby": "title desc",
    },
    element("title", { id: "title" }, title(shown)),
    element("desc", { id: "desc" }, description(shown)),
    element("style", {}, styleSheet()),
    element("rect", {
      class: "card edge",
      x: 0.5,
      y: 0.5,
      width: WIDTH - 1,
      height: Math.ceil(height) - 1,
      rx: 10,
    }),
    ...shapes,
  );
  // A shape a line.
  return toXml(svg, { closeEmptyElements: true, tightClose: true }).replaceAll(
    /(?<=>)(?=<(?!\/(?:text|title|desc|style)))/g,
    "\n",
  ) + "\n";
}
