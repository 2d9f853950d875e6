/**
 * Writes the generated parts of the documentation.
 *
 * ```sh
 * node scripts/lib/docs/main.ts --write                                      # the settings, from the code
 * node scripts/lib/docs/main.ts --write --demo a.json --demo-native b.json   # the figures too
 * ```
 *
 * Without `--write` it says what is out of date, with exit code 1.
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { repositoryRoot } from "../toolchain/index.ts";
import { figuresTable, parseDemo } from "./figures.ts";
import { replaceBlock } from "./blocks.ts";
import { GENERATED } from "./generated.ts";

const { values } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    demo: { type: "string" },
    "demo-native": { type: "string" },
  },
});

for (const { path, render } of GENERATED) {
  const file = join(repositoryRoot, path);
  const before = await readFile(file, "utf8");
  const after = await withFigures(path, render(before));
  if (after === before) continue;
  process.stdout.write(`${path}: ${values.write ? "written" : "out of date"}\n`);
  if (values.write) await writeFile(file, after);
  else process.exitCode = 1;
}

async function withFigures(path: string, text: string): Promise<string> {
  const { demo, "demo-native": native } = values;
  if (path !== "README.md" || demo === undefined || native === undefined) return text;
  const table = figuresTable({
    "Dapr's sidecar an ordinary container": parseDemo(await readFile(demo, "utf8")),
    "Dapr's sidecar a native one": parseDemo(await readFile(native, "utf8")),
  });
  return replaceBlock(text, "figures", table);
}
