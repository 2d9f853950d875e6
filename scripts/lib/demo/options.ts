/**
 * The command line of `./scripts/demo`.
 *
 * @module
 */
import { integerOption, parseOptions } from "../proof/command-line.ts";

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

/** @throws {UsageError} naming the option, what is accepted and what was received */
export function readOptions(argv: readonly string[]): DemoOptions {
  const values = parseOptions(argv, {
    name: { type: "string" },
    messages: { type: "string", default: "270" },
    seed: { type: "string" },
    prefetch: { type: "string", default: "10" },
    native: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    down: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  return {
    ...values,
    name: values.name,
    messages: integerOption("messages", values.messages, 1, 100_000),
    seed: values.seed === undefined ? undefined : integerOption("seed", values.seed, 0, 0xffff_ffff),
    // A single byte in Dapr's component.
    prefetch: integerOption("prefetch", values.prefetch, 0, 255),
  };
}
