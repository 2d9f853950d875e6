/**
 * The files that are generated, or hold generated blocks, and what is in these.
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { draw } from "../picture/draw/draw.ts";
import { readRecording } from "../picture/recording.ts";
import { repositoryRoot } from "../toolchain/index.ts";
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
  ...["docs/rollout/ordinary", "docs/rollout/native"].map((name) => ({
    path: `${name}.svg`,
    render: () => draw(readRecording(readFileSync(join(repositoryRoot, `${name}.json`), "utf8"))),
  })),
];
