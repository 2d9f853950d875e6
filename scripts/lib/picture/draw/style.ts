/**
 * The colours of a picture, by day and by night. Each thing differs from the others in lightness or form, too, for those
 * who see few colours.
 *
 * @module
 */

/** By class: the property, and its value in light and in dark mode. */
const COLOURS = {
  "card": ["fill", "#ffffff", "#0d1117"],
  "edge": ["stroke", "#d1d9e0", "#3d444d"],
  "text": ["fill", "#1f2328", "#f0f6fc"],
  "quiet": ["fill", "#59636e", "#9198a1"],
  "grid": ["stroke", "#e3e8ed", "#21262d"],
  "rule": ["stroke", "#59636e", "#9198a1"],
  "good": ["fill", "#116329", "#56d364"],
  "bad": ["fill", "#b3121d", "#ff7b72"],
  "bad-line": ["stroke", "#cf222e", "#ff7b72"],
  "bad-row": ["fill", "#ffebe9", "#3c1618"],
  "good-line": ["stroke", "#1a7f37", "#56d364"],
  "starting": ["fill", "#d1d9e0", "#3d444d"],
  "gated": ["fill", "#f0c649", "#9e6a03"],
  "serving": ["fill", "#2da44e", "#2ea043"],
  "draining": ["fill", "#8250df", "#a371f7"],
  "queued": ["stroke", "#8c959f", "#768390"],
  "parked": ["fill", "#f0c649", "#9e6a03"],
  "working": ["fill", "#80ccff", "#1f6feb"],
  "letter": ["fill", "#0a3069", "#ffffff"],
  "signal": ["stroke", "#1f2328", "#f0f6fc"],
} as const;

export type Colour = keyof typeof COLOURS;

/** The content of the picture's `style` element. */
export function styleSheet(): string {
  const rules = (mode: 1 | 2) =>
    Object.entries(COLOURS).map(([name, colour]) => `.${name}{${colour[0]}:${colour[mode]}}`).join("");
  return [
    'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;font-size:12px}',
    rules(1),
    `@media(prefers-color-scheme:dark){${rules(2)}}`,
  ].join("\n");
}
