/**
 * `./scripts/test`: every test of the project, or parts of them.
 * @module
 */
import process from "node:process";
import { runCommand } from "../toolchain/command-line.ts";
import { type Known, readOptions, USAGE } from "./options.ts";
import { CLUSTER_PARTS, clusterPart } from "./cluster-parts.ts";
import { type Outcome, succeeded } from "./outcome.ts";
import { LOCAL_PARTS } from "./parts.ts";
import { run } from "./run.ts";
import { say } from "./stream.ts";
import { failureList, json, lastLine, table } from "./summary.ts";

const ALL: readonly (Known & { about: string })[] = [...LOCAL_PARTS, ...CLUSTER_PARTS];

async function main(argv: string[]): Promise<number> {
  const options = readOptions(argv, ALL);
  if (options.action === "help") return print(USAGE + partList());
  if (options.action === "list") return print(partList());

  const stopped = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (stopped.signal.aborted) return;
      say("test", `${name}: ends what runs and takes the clusters down`);
      stopped.abort();
    });
  }
  const { bail, name, keep } = options;
  const outcomes = await run(
    LOCAL_PARTS.filter((part) => options.parts.includes(part.name)),
    clusterPart(options),
    { signal: stopped.signal, bail, name, keep },
    () => stopped.abort(),
  );
  return finish(outcomes, options.json);
}

function finish(outcomes: readonly Outcome[], asJson: boolean): number {
  const summary = asJson ? json(outcomes) : [table(outcomes), ...failureList(outcomes)].join("\n");
  print(`${summary}\n${lastLine(outcomes)}\n`);
  return succeeded(outcomes) ? 0 : 1;
}

function partList(): string {
  return ALL.map(({ name, about, byName }) => `  ${name.padEnd(14)} ${about}${byName ? " *" : ""}\n`).join("");
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

await runCommand("test", main);
