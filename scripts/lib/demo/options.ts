/**
 * The command line of `./scripts/demo`.
 *
 * @module
 */
import { integerOption, parseOptions, UsageError } from "../toolchain/command-line.ts";

export interface DemoOptions {
  readonly name: string | undefined;
  readonly messages: number;
  readonly seed: number | undefined;
  readonly prefetch: number;
  readonly native: boolean;
  readonly json: boolean;
  /** The SVG file to draw. */
  readonly picture: string | undefined;
  /** The file to keep the recorded events in. */
  readonly events: string | undefined;
  /** The file to draw from, instead of a run. */
  readonly from: string | undefined;
  /** Whether a picture or events of this run are wanted. */
  readonly record: boolean;
  readonly down: boolean;
  readonly help: boolean;
}

const MESSAGES = 270;
const RECORDED_MESSAGES = 24;

export const HELP = `Shows on a real cluster what rolling restarts do to a Dapr worker, without DAPS and with it.

Usage: ./scripts/demo [OPTIONS]

It brings up a cluster, installs cert-manager, Dapr and DAPS, deploys the same worker twice and publishes the same
messages to both, through four rolling restarts. Then it prints what became of them:

  published   messages that the broker has confirmed
  lost        messages that no attempt has completed, though the queue is empty
  cut off     attempts begun and not completed
  repeated    completions of a message beyond its first
  early       requests of Dapr that came before the worker's ready path first gave 2xx

With --picture or --events it records one rolling restart instead, with fewer messages, in which each can be followed.

Options:
  --messages N         how many messages a side, at 3 a second (default: 270), recorded at 2 a second (default: 24)
  --seed N             repeats the messages of another run (default: any)
  --native             daprd as a native sidecar
  --prefetch N         how many unacknowledged messages the broker gives a pod, 0: no limit (default: 10)
  --name NAME          the cluster's name (default: daps); it stays up
  --json               print one JSON object, on the last line of the standard output
  --picture FILE.svg   draw what became of each container and each message, Dapr alone above, with DAPS below
  --events FILE.json   keep the recorded events
  --from FILE.json     draw the picture from such a file: no run, no cluster
  --down               take the cluster down
  --help               print this text

Exit codes: 0 DAPS lost, cut off, repeated nothing, and nothing was early; 1 it did, or the demo failed; 2 wrong usage.
With --from: 0 the picture is drawn.
`;

/** @throws {UsageError} naming the option, what is accepted and what was received */
export function readOptions(argv: readonly string[]): DemoOptions {
  const values = parseOptions(argv, {
    name: { type: "string" },
    messages: { type: "string" },
    seed: { type: "string" },
    prefetch: { type: "string", default: "10" },
    native: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    picture: { type: "string" },
    events: { type: "string" },
    from: { type: "string" },
    down: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  const { picture, events, from } = values;
  const record = from === undefined && (picture !== undefined || events !== undefined);
  const messages = values.messages ?? String(record ? RECORDED_MESSAGES : MESSAGES);
  const options = {
    ...values,
    name: values.name,
    messages: integerOption("messages", messages, 1, 100_000),
    seed: values.seed === undefined ? undefined : integerOption("seed", values.seed, 0, 0xffff_ffff),
    // A single byte in Dapr's component.
    prefetch: integerOption("prefetch", values.prefetch, 0, 255),
    picture: fileOption("picture", picture, ".svg"),
    events: fileOption("events", events, ".json"),
    from: fileOption("from", from, ".json"),
    record,
  };
  if (from !== undefined && picture === undefined) {
    throw new UsageError("Cannot use --from without --picture: it says what to draw, and that where");
  }
  if (from !== undefined && events !== undefined) {
    throw new UsageError("Cannot use --from with --events: what is drawn from a file is not recorded");
  }
  return options;
}

function fileOption(option: string, file: string | undefined, ending: string): string | undefined {
  if (file === undefined || file.endsWith(ending)) return file;
  throw new UsageError(`Cannot use --${option}: it must be a file that ends in ${ending}: received ${file}`);
}
