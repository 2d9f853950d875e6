/**
 * The command line of `./scripts/demo`.
 *
 * @module
 */
import { parseArgs } from "node:util";

export interface DemoOptions {
  readonly name: string | undefined;
  readonly messages: number;
  readonly seed: number | undefined;
  readonly prefetch: number;
  readonly native: boolean;
  readonly json: boolean;
  readonly down: boolean;
  readonly help: boolean;
}

export const HELP = `Shows on a real cluster what rolling restarts do to a Dapr worker, without DAPS and with it.

Usage: ./scripts/demo [OPTIONS]

It brings up a cluster, installs cert-manager, Dapr and DAPS, deploys the same worker twice and publishes the same
messages to both, through four rolling restarts. Then it prints what became of them:

  published   messages that the broker has confirmed
  lost        messages that no attempt has completed, though the queue is empty
  cut off     attempts begun and not completed
  repeated    completions of a message beyond its first
  early       requests of Dapr that came before the worker's ready path first gave 2xx

Options:
  --messages N   how many messages a side, at 3 a second (default: 270)
  --seed N       repeats the messages of another run (default: any)
  --native       daprd as a native sidecar
  --prefetch N   how many unacknowledged messages the broker gives a pod, 0: no limit (default: 10)
  --name NAME    the cluster's name (default: daps); it stays up
  --json         print one JSON object, on the last line of the standard output
  --down         take the cluster down
  --help         print this text

Exit codes: 0 DAPS lost, cut off, repeated nothing, and nothing was early; 1 it did, or the demo failed; 2 wrong usage.
`;

/** What was written on the command line can't be used. */
export class UsageError extends Error {}

/** @throws {UsageError} naming the option, what is accepted and what was received */
export function readOptions(argv: readonly string[]): DemoOptions {
  const values = parse(argv);
  const integer = (name: "messages" | "seed" | "prefetch", min: number, max: number) => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new UsageError(`Cannot use --${name}: it must be an integer from ${min} to ${max}: received ${text}`);
  };
  return {
    ...values,
    name: values.name,
    messages: integer("messages", 1, 100_000) ?? 270,
    seed: integer("seed", 0, 0xffff_ffff),
    // A single byte in Dapr's component.
    prefetch: integer("prefetch", 0, 255) ?? 10,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        name: { type: "string" },
        messages: { type: "string" },
        seed: { type: "string" },
        prefetch: { type: "string" },
        native: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        down: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`Cannot read the command line: ${(error as Error).message}`);
  }
}
