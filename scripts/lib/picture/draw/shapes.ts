/**
 * The few shapes that a picture is made of.
 *
 * @module
 */
import { x } from "xastscript";
import type { Colour } from "./style.ts";

export type Shape = ReturnType<typeof x>;
type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Numbers are rounded: a tenth of a pixel is enough, and what is drawn twice is the same. */
export function element(name: string, attributes: Attributes, ...children: (Shape | string)[]): Shape {
  const rounded = Object.entries(attributes).map(([key, value]) => [
    key,
    typeof value === "number" ? String(Math.round(value * 10) / 10) : value,
  ]);
  return x(name, Object.fromEntries(rounded) as Record<string, string | undefined>, ...children);
}

export interface TextOptions {
  readonly colour?: Colour;
  readonly size?: number;
  readonly bold?: boolean;
  readonly anchor?: "start" | "middle" | "end";
}

export function text(left: number, base: number, words: string, options: TextOptions = {}): Shape {
  const { colour = "text", size, bold, anchor } = options;
  return element("text", {
    x: left,
    y: base,
    class: colour,
    "text-anchor": anchor,
    style: [size === undefined ? "" : `font-size:${size}px`, bold ? "font-weight:600" : ""].filter(Boolean).join(";") ||
      undefined,
  }, words);
}

export function bar(colour: Colour, from: number, to: number, top: number, height: number): Shape {
  return element("rect", { class: colour, x: from, y: top, width: Math.max(1, to - from), height, rx: 1.5 });
}

export function line(
  colour: Colour,
  points: readonly (readonly [number, number])[],
  attributes: Attributes = {},
): Shape {
  const path = points.map(([left, top], index) => `${index === 0 ? "M" : "L"}${round(left)} ${round(top)}`).join("");
  return element("path", { class: colour, d: path, fill: "none", ...attributes });
}

export function tick(left: number, middle: number, size: number): Shape {
  const points = [[left - size, middle], [left - size / 4, middle + size * 0.8], [left + size, middle - size]] as const;
  return line("good-line", points, { "stroke-width": 1.8 });
}

export function cross(left: number, middle: number, size: number): Shape {
  const path = `M${round(left - size)} ${round(middle - size)}L${round(left + size)} ${round(middle + size)}` +
    `M${round(left - size)} ${round(middle + size)}L${round(left + size)} ${round(middle - size)}`;
  return element("path", { class: "bad-line", d: path, fill: "none", "stroke-width": 2.2 });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
