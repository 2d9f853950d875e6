/**
 * The `daps` entry: loads the one role that it is asked for, and nothing of the others.
 * @module
 */
import manifest from "../package.json" with { type: "json" };
import { hostProcess } from "./host/process/index.ts";

/** Takes the arguments after the role (for the CLI: with the command) and resolves to the exit code. */
type Role = (args: readonly string[]) => Promise<number>;

const process = await hostProcess();

const loadCli = async (): Promise<Role> => (await import("./cli/main.ts")).main;

const ROLES: Readonly<Record<string, () => Promise<Role>>> = {
  webhook: async () => (await import("./webhook/main.ts")).main,
  sidecar: async () => (await import("./sidecar/main.ts")).main,
  check: loadCli,
  inject: loadCli,
  explain: loadCli,
  status: loadCli,
};

const USAGE = `Usage: daps <role> [arguments]

In a cluster:
  webhook   answers admission reviews; configured by DAPS_WEBHOOK
  sidecar   gates, relays and drains one pod; configured by DAPS_CONFIG

For people ("daps <command> --help" says more):
  check     says what DAPS would do to the pods of a manifest, and what stands in its way
  inject    writes a manifest as DAPS would change it
  explain   explains a setting, or all of them
  status    shows what the sidecars of running pods are doing

  --help, --version
`;

async function run(args: readonly string[]): Promise<number> {
  const [name = "", ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") {
    process.print(USAGE);
    return 0;
  }
  if (name === "--version" || name === "-v") {
    process.print(`${manifest.version}\n`);
    return 0;
  }
  const load = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;
  if (!load) {
    process.complain(`${name ? `Unknown role "${name}".\n\n` : ""}${USAGE}`);
    return 2;
  }
  const role = await load();
  return await role(load === loadCli ? args : rest);
}

try {
  process.exit(await run(process.args));
} catch (error) {
  process.complain(`daps: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
