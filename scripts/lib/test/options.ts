/**
 * The command line of `./scripts/test`.
 * @module
 */
import { integerOption, parseWords, UsageError } from "../toolchain/command-line.ts";

export interface Options {
  /** Names of the parts to run, in the order of the table. */
  parts: string[];
  /** Stop at the first failure. */
  bail: boolean;
  /** The summary is one JSON object, on the line before the last. */
  json: boolean;
  /** Leave the clusters up. */
  keep: boolean;
  /** The clusters' names begin with it. */
  name: string;
  /** The lanes to run, of those that the part has; all of them if there are none. */
  lanes: string[];
  /** Each scenario of `lifecycle` in all of its modes. */
  all: boolean;
  /** `lifecycle` and `soak` put what they have seen into docs/reliability.md. */
  report: boolean;
  /** How long `soak` lasts. */
  minutes: number;
  /** For the choices of `soak`; any if it is not given. */
  seed: number | undefined;
  action: "run" | "list" | "help";
}

export const USAGE = `Usage: ./scripts/test [PART…] [options]

Runs the tests, all of them unless parts are named (those marked * run only by name). The last line of the output is "N passed, N failed".

  --without PART   leave a part out (may be given more than once, or as a list with commas)
  --list           say which parts there are
  --bail           stop at the first failure
  --name NAME      clusters are named NAME-LANE (default: test)
  --keep           leave the clusters up (./scripts/cluster down --name NAME-LANE takes one down)
  --lane LANE      of the parts that have lanes, only this one (may be given more than once)
  --all            lifecycle: each scenario in all of its modes, not in the usual ones
  --report         lifecycle, soak: write docs/reliability.md
  --minutes N      soak: how long it lasts (default: 15)
  --seed N         soak: for its choices (default: any; it is printed)
  --json           the summary as one JSON object, on the line before the last
  --help           this text
`;

const OPTIONS = {
  without: { type: "string", multiple: true },
  list: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
  bail: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  keep: { type: "boolean", default: false },
  name: { type: "string", default: "test" },
  lane: { type: "string", multiple: true },
  all: { type: "boolean", default: false },
  report: { type: "boolean", default: false },
  minutes: { type: "string", default: "15" },
  seed: { type: "string" },
} as const;

/** What the command line knows of a part. */
export type Known = { readonly name: string; readonly byName?: true };

/** @throws {UsageError} naming what is wrong and what there is */
export function readOptions(args: string[], all: readonly Known[]): Options {
  const known = all.map(({ name }) => name);
  const { values, positionals } = parseWords(args, OPTIONS);
  const without = (values.without ?? []).flatMap((list) => list.split(",")).filter((name) => name !== "");
  const unknown = [...positionals, ...without].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(
      `Cannot run what is no part: the parts are ${known.join(", ")}: received ${unknown.join(", ")}`,
    );
  }
  if (!/^[a-z0-9](?:[-a-z0-9]{0,18}[a-z0-9])?$/.test(values.name)) {
    throw new UsageError(
      `Cannot use --name: it takes up to 20 lower-case letters, digits and inner hyphens: received ${values.name}`,
    );
  }
  const wanted = positionals.length > 0 ? positionals : all.filter(({ byName }) => !byName).map(({ name }) => name);
  const parts = known.filter((name) => wanted.includes(name) && !without.includes(name));
  if (parts.length === 0) throw new UsageError(`Cannot run anything as no part is left: received ${args.join(" ")}`);
  return {
    parts,
    lanes: values.lane ?? [],
    all: values.all,
    report: values.report,
    minutes: integerOption("minutes", values.minutes, 1, 24 * 60),
    seed: values.seed === undefined ? undefined : integerOption("seed", values.seed, 0, 0xffff_ffff),
    bail: values.bail,
    json: values.json,
    keep: values.keep,
    name: values.name,
    action: values.help ? "help" : values.list ? "list" : "run",
  };
}
