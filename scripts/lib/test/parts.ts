/**
 * The parts of the tests, in the order in which they run: what is cheap, and says most for its time, first.
 * @module
 */
import { check } from "./check.ts";
import type { Outcome } from "./outcome.ts";
import { deno, program, type Runtime, vitest } from "./runtimes.ts";
import { suite } from "./suite.ts";

export interface Context {
  signal: AbortSignal;
  bail: boolean;
  /** The clusters' names begin with it. */
  name: string;
  /** Leave the clusters up. */
  keep: boolean;
}

export interface Part {
  name: string;
  about: string;
  /** It takes so long that it runs only if it is named. */
  byName?: true;
  /** Rejects with a message for people if this machine can't run it. */
  run: (context: Context) => Promise<Outcome[]>;
}

type Command = [string, ...string[]];

/** A part made of commands that count as one check each. */
function commands(name: string, about: string, list: () => Record<string, Command>): Part {
  return {
    name,
    about,
    async run({ signal }) {
      const outcomes: Outcome[] = [];
      for (const [label, command] of Object.entries(list())) outcomes.push(await check(label, command, signal));
      return outcomes;
    },
  };
}

/** A part that is a project of vitest.config.ts, run on each of the runtimes. */
function project(name: string, about: string, ...runtimes: Runtime[]): Part {
  return {
    name,
    about,
    async run({ signal, bail }) {
      const outcomes: Outcome[] = [];
      for (const runtime of runtimes) {
        const label = runtimes.length > 1 ? `${name} (${runtime})` : name;
        outcomes.push(await suite({ label, command: vitest(runtime), tests: ["--project", name], bail, signal }));
      }
      return outcomes;
    },
  };
}

/** The sidecar under load for minutes; its ports are fixed, so it gets a network namespace in which they are free. */
const leak: Part = {
  name: "leak",
  about: "the sidecar's memory over five million requests on each runtime",
  byName: true,
  async run({ signal, bail }) {
    const inside = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...vitest("Node")];
    const command: Command = ["unshare", "--net", ...inside];
    return [await suite({ label: "leak", command, tests: ["--project", "leak"], bail, signal })];
  },
};

/** All but `e2e`, which runs beside them. */
export const LOCAL_PARTS: readonly Part[] = [
  commands("format", "deno fmt", () => ({ format: [deno(), "fmt", "--check"] })),
  commands("lint", "oxlint with types", () => ({ lint: [program("oxlint"), "--type-aware", "--deny-warnings"] })),
  commands("types", "tsc, and Deno's own check of the services", () => ({
    "types (tsc)": [program("tsc"), "--project", "."],
    "types (Deno)": [deno(), "check", "--quiet", "services"],
  })),
  project("architecture", "imports, sizes, names: the rules of the house", "Node"),
  project("unit", "examples", "Node", "Deno"),
  project("property", "what holds for every input", "Node", "Deno"),
  project("conformance", "the same behaviour of both runtimes", "Node", "Deno"),
  project("chart", "helm lint, and what the chart renders", "Node"),
  project("integration", "parts together, over real sockets and processes", "Node", "Deno"),
  leak,
];
