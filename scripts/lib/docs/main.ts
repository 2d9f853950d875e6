/**
 * Writes the generated parts of the documentation.
 *
 * ```sh
 * node scripts/lib/docs/main.ts --write                                      # the settings, from the code
 * node scripts/lib/docs/main.ts --write --demo a.json --demo-native b.json   # the figures too
 * node scripts/lib/docs/main.ts --write --relay c.json --memory d.json       # those of the bench
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
import { GENERATED, type Generated } from "./generated.ts";
import { memoryTable, parseMemoryRun, parseRelayRun, relayTables } from "./performance.ts";

const { values } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    demo: { type: "string" },
    "demo-native": { type: "string" },
    relay: { type: "string" },
    memory: { type: "string" },
  },
});

const MEASURED: readonly Generated[] = [{ path: "docs/performance.md", render: (text) => text }];

for (const { path, render } of [...GENERATED, ...MEASURED]) {
  const file = join(repositoryRoot, path);
  const before = await readFile(file, "utf8");
  const after = await withFigures(path, render(before));
  if (after === before) continue;
  process.stdout.write(`${path}: ${values.write ? "written" : "out of date"}\n`);
  if (values.write) await writeFile(file, after);
  else process.exitCode = 1;
}

/** The text with its figures from the runs that were given; those of others stay. */
async function withFigures(path: string, text: string): Promise<string> {
  const { demo, "demo-native": native, relay, memory } = values;
  if (path === "README.md" && demo !== undefined && native !== undefined) {
    const table = figuresTable({
      "Dapr's sidecar an ordinary container": parseDemo(await readFile(demo, "utf8")),
      "Dapr's sidecar a native one": parseDemo(await readFile(native, "utf8")),
    });
    return replaceBlock(text, "figures", table);
  }
  if (path !== "docs/performance.md") return text;
  let after = text;
  if (relay !== undefined) {
    after = replaceBlock(after, "relay", relayTables(parseRelayRun(await readFile(relay, "utf8"))));
  }
  if (memory !== undefined) {
    after = replaceBlock(after, "memory", memoryTable(parseMemoryRun(await readFile(memory, "utf8"))));
  }
  return after;
}
