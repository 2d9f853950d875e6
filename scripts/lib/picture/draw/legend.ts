/**
 * What the colours and signs of a picture mean.
 *
 * @module
 */
import { bar, cross, line, type Shape, text, tick } from "./shapes.ts";
import type { Colour } from "./style.ts";

type Sign = (left: number, middle: number) => Shape[];

const swatch = (colour: Colour): Sign => (left, middle) => [bar(colour, left, left + 18, middle - 4.5, 9)];

const CONTAINERS: readonly (readonly [Sign, string])[] = [
  [swatch("starting"), "starting"],
  [swatch("gated"), "gated until the app is ready"],
  [swatch("serving"), "serving"],
  [swatch("draining"), "draining"],
  [
    (left, middle) => [line("signal", [[left + 9, middle - 6], [left + 9, middle + 6]], { "stroke-width": 2 })],
    "SIGTERM (end of a lane: gone)",
  ],
];

const MESSAGES: readonly (readonly [Sign, string])[] = [
  [(left, middle) => [line("queued", [[left, middle], [left + 18, middle]], { "stroke-width": 1.5 })], "in the queue"],
  [
    (left, middle) => [
      ...swatch("working")(left, middle),
      text(left + 3, middle + 3.1, "A", { size: 8.5, bold: true, colour: "letter" }),
    ],
    "in flight, in the app of pod A",
  ],
  [swatch("parked"), "parked, goes to another pod"],
  [(left, middle) => [tick(left + 9, middle, 3.5)], "acknowledged"],
  [(left, middle) => [cross(left + 9, middle, 4)], "lost or cut off"],
];

export const LEGEND_HEIGHT = 40;

/** Room for a letter of 11 px, on the average, in the widest of the fonts. */
const LETTER = 6.4;

export function drawLegend(left: number, top: number): Shape[] {
  return [["containers", CONTAINERS], ["messages", MESSAGES]].flatMap(([name, entries], row) => {
    const middle = top + 10 + row * 20;
    const shapes = [text(24, middle + 4, name as string, { size: 11, colour: "quiet" })];
    let x = left;
    for (const [sign, words] of entries as typeof CONTAINERS) {
      shapes.push(...sign(x, middle), text(x + 24, middle + 4, words, { size: 11 }));
      x += 24 + words.length * LETTER + 12;
    }
    return shapes;
  });
}
