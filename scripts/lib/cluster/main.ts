/**
 * The command line of `./scripts/cluster`.
 *
 * @module
 */
import process from "node:process";
import { parseWords, runCommand, UsageError } from "../toolchain/command-line.ts";
import { addonNames, installAddon } from "./addons/index.ts";
import { type Cluster, openCluster } from "./index.ts";

const HELP = `A Kubernetes cluster with RabbitMQ, for the demo and the tests.

Usage: ./scripts/cluster [OPTIONS] COMMAND

Commands:
  up              start the cluster, unless it is up; what a crashed one left is removed first
  addons NAME…    install into the cluster: ${addonNames.join(", ")}
  run -- CMD…     run a command that reaches the cluster, with kubectl and helm on its PATH and the variables of env
  env             print these variables: KUBECONFIG, AMQP_URL, RABBITMQ_API (they are of use under run only)
  load FILE.tar   make the image of a docker-archive known to the cluster
  status          say which parts live; exit code 1 if the cluster is not up
  down            end the cluster and remove all of its state

Options:
  --name NAME       the cluster's name (default: $DAPS_CLUSTER, else daps)
  --provider NAME   what the cluster is made of (default: $DAPS_CLUSTER_PROVIDER, else local)
                    local: processes in a network namespace of this machine, as root, without Docker
                    kind: a cluster of kind, where there is a Docker engine
  --json            print the answers of status and env as JSON
  --help            print this text

Exit codes: 0 done, 1 failed, 2 wrong usage; run gives the exit code of its command.
`;

const OPTIONS = {
  name: { type: "string" },
  provider: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

async function main(argv: string[]): Promise<number> {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  const rest = end < 0 ? [] : argv.slice(end + 1);
  const { values, positionals } = parseWords(words, OPTIONS);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [command, ...operands] = positionals;
  if (rest.length > 0 && command !== "run") {
    throw new UsageError(`Cannot take a command line as only run does: received ${command}`);
  }
  const { provider } = values;
  if (provider !== undefined && provider !== "local" && provider !== "kind") {
    throw new UsageError(`Cannot go on as the provider must be local or kind: received ${provider}`);
  }
  const cluster = await openCluster(values.name, provider).catch(
    (error: unknown) => {
      throw error instanceof TypeError ? new UsageError(error.message) : error;
    },
  );
  switch (command) {
    case "up":
      expect(operands.length === 0, "up takes no operands", operands);
      await cluster.up();
      return 0;
    case "down":
      expect(operands.length === 0, "down takes no operands", operands);
      await cluster.down();
      return 0;
    case "status":
      return await status(cluster, values.json);
    case "env":
      env(cluster, values.json);
      return 0;
    case "run":
      return await run(cluster, [...operands, ...rest]);
    case "load":
      expect(operands.length > 0, "load takes the name of a file", operands);
      for (const tar of operands) await cluster.loadImage(tar);
      return 0;
    case "addons":
      expect(
        operands.length > 0 && operands.every((name) => addonNames.includes(name)),
        `addons takes ${addonNames.join(", ")}`,
        operands,
      );
      for (const name of operands) await installAddon(cluster, name);
      return 0;
    default:
      throw new UsageError(`Cannot tell what to do as there is no such command: received ${command ?? "none"}`);
  }
}

function expect(holds: boolean, rule: string, received: string[]): void {
  if (!holds) throw new UsageError(`Cannot go on as ${rule}: received ${received.join(" ") || "nothing"}`);
}

async function status(cluster: Cluster, json: boolean): Promise<number> {
  const parts = await cluster.status();
  const up = parts.length > 0 && parts.every((part) => part.alive);
  if (json) {
    process.stdout.write(JSON.stringify({ name: cluster.name, provider: cluster.provider, up, parts }, null, 2) + "\n");
  } else {
    process.stdout.write(`${cluster.name} (${cluster.provider}): ${up ? "up" : "not up"}\n`);
    for (const { name, alive, detail } of parts) {
      process.stdout.write(`  ${alive ? "ok  " : "gone"}  ${name.padEnd(24)} ${detail ?? ""}\n`);
    }
  }
  return up ? 0 : 1;
}

function env(cluster: Cluster, json: boolean): void {
  const { KUBECONFIG, AMQP_URL, RABBITMQ_API } = cluster.env;
  const variables = { KUBECONFIG, AMQP_URL, RABBITMQ_API };
  if (json) process.stdout.write(JSON.stringify(variables, null, 2) + "\n");
  else {
    for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}='${value}'\n`);
  }
}

/** Becomes the command, so that signals, the terminal and the exit code are the command's own. */
async function run(cluster: Cluster, words: string[]): Promise<number> {
  expect(words.length > 0, "run takes a command", words);
  if ((await cluster.status()).length === 0) {
    throw new Error(`Cannot run a command in the cluster as it is not up: received ${cluster.name}`);
  }
  const command = await cluster.command(["env", "--", ...words]);
  makeBlocking();
  process.execve?.("/usr/bin/env", ["env", "--", ...command], { ...process.env, ...cluster.variables });
  throw new Error(`Cannot run a command as this Node cannot become another program: received ${process.version}`);
}

/** Node leaves its pipes non-blocking, which other programs take for an error as soon as a pipe is full. */
function makeBlocking(): void {
  for (const { _handle } of [process.stdin, process.stdout, process.stderr] as unknown as StreamInternals[]) {
    _handle?.setBlocking?.(true);
  }
}

interface StreamInternals {
  _handle?: { setBlocking?(blocking: boolean): void };
}

// Whoever reads the answer may have read enough, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
await runCommand("cluster", main);
