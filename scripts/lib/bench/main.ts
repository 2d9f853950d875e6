/**
 * `./scripts/bench`.
 *
 * @module
 */
import process from "node:process";
import { runCommand, UsageError } from "../toolchain/command-line.ts";
import { drain } from "./drain.ts";
import { memory } from "./memory/command.ts";
import { relay } from "./relay/command.ts";

const HELP = `Measures DAPS.

Usage: ./scripts/bench COMMAND [OPTIONS]

Commands:
  drain   how long a pod takes from its deletion until it is gone, without DAPS and with it
  relay   what DAPS's relay costs, beside HAProxy and Knative's queue-proxy
  memory  the most memory that DAPS's relay has, beside the same

Options:
  --help  print this text; after a command, what it takes

Exit codes: 0 measured, 1 failed, 2 wrong usage.
`;

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<number>>> = { drain, relay, memory };

async function main([command, ...args]: string[]): Promise<number> {
  if (command === "--help" || command === "-h") {
    process.stdout.write(HELP);
    return 0;
  }
  const run = command === undefined || !Object.hasOwn(COMMANDS, command) ? undefined : COMMANDS[command];
  if (run === undefined) {
    const known = Object.keys(COMMANDS).join(", ");
    throw new UsageError(`Cannot tell what to measure: it must be one of ${known}: received ${command ?? "nothing"}`);
  }
  return await run(args);
}

await runCommand("bench", main);
