/**
 * The files that hold generated blocks, and what is in these.
 * @module
 */
import { replaceBlock } from "./blocks.ts";
import { settingsReference, settingsTable } from "./settings.ts";

export interface Generated {
  /** Relative to the top of the checkout. */
  path: string;
  /** The file's text with its blocks up to date. */
  render: (text: string) => string;
}

export const GENERATED: readonly Generated[] = [
  { path: "README.md", render: (text) => replaceBlock(text, "settings", settingsTable()) },
  { path: "docs/settings.md", render: (text) => replaceBlock(text, "settings", settingsReference()) },
];
