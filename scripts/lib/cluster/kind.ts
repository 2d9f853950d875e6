/**
 * A cluster of kind, where there is a Docker engine. Our tests do not run it: see scripts/kind/README.md.
 *
 * @module
 */
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { capture, execute, exists, progress, repositoryRoot } from "../toolchain/index.ts";
import type { ClusterEnvironment, PartStatus, Provider } from "./provider.ts";

const CONFIG = join(repositoryRoot, "scripts/kind/cluster.yaml");
const RABBITMQ_IMAGE = "rabbitmq:3.13-management";
const RABBITMQ_USER = "daps";
/** The Docker network of kind's nodes, which the machine itself reaches too. */
const NETWORK = "kind";

export function kindProvider(name: string): Provider {
  const kubeconfig = join(process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local/state"), "daps/kind", name);
  const broker = `daps-${name}-rabbitmq`;

  async function clusters(): Promise<string[]> {
    return (await capture("kind", ["get", "clusters"])).split("\n");
  }

  async function brokerAddress(): Promise<string> {
    const format = `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`;
    const { stdout } = await execute("docker", ["inspect", "--format", format, broker], { allowFailure: true });
    return stdout.trim();
  }

  async function up(): Promise<void> {
    const engine = await execute("docker", ["info"], { allowFailure: true });
    if (engine.code !== 0) {
      throw new Error(`Cannot start a cluster of kind as no Docker engine answers: received ${engine.stderr.trim()}`);
    }
    await progress(`starting the kind cluster ${name}`, async () => {
      if (!(await clusters()).includes(name)) {
        await mkdir(dirname(kubeconfig), { recursive: true });
        const args = ["--name", name, "--config", CONFIG, "--kubeconfig", kubeconfig, "--wait", "180s"];
        await execute("kind", ["create", "cluster", ...args], { inherit: true });
      }
      if (await brokerAddress() === "") {
        const user = [
          "--env",
          `RABBITMQ_DEFAULT_USER=${RABBITMQ_USER}`,
          "--env",
          `RABBITMQ_DEFAULT_PASS=${RABBITMQ_USER}`,
        ];
        await execute("docker", ["run", "--detach", "--name", broker, "--network", NETWORK, ...user, RABBITMQ_IMAGE]);
      }
      await execute("docker", ["exec", broker, "rabbitmqctl", "await_startup"]);
      // The figures of its management plugin would be 5 s old otherwise.
      const interval = "application:set_env(rabbit, collect_statistics_interval, 500).";
      await execute("docker", ["exec", broker, "rabbitmqctl", "eval", interval]);
    });
  }

  async function down(): Promise<void> {
    await execute("kind", ["delete", "cluster", "--name", name, "--kubeconfig", kubeconfig]);
    await execute("docker", ["rm", "--force", "--volumes", broker], { allowFailure: true });
  }

  async function status(): Promise<PartStatus[]> {
    if (!(await clusters()).includes(name)) return [];
    const address = await brokerAddress();
    return [
      { name: "kind", alive: await exists(kubeconfig), detail: kubeconfig },
      { name: "rabbitmq", alive: address !== "", detail: address },
    ];
  }

  async function environment(): Promise<ClusterEnvironment> {
    const account = `${RABBITMQ_USER}:${RABBITMQ_USER}@${await brokerAddress().catch(() => "")}`;
    return {
      DAPS_CLUSTER: name,
      DAPS_CLUSTER_PROVIDER: "kind",
      KUBECONFIG: kubeconfig,
      AMQP_URL: `amqp://${account}:5672`,
      RABBITMQ_API: `http://${account}:15672/api`,
    };
  }

  return {
    name: "kind",
    up,
    down,
    status,
    environment,
    path: () => [],
    enter: () => Promise.resolve([]),
    loadImage: async (tar) => {
      await execute("kind", ["load", "image-archive", tar, "--name", name]);
    },
    stopBroker: async () => {
      await execute("docker", ["kill", broker]);
    },
    startBroker: async () => {
      await execute("docker", ["start", broker]);
      await execute("docker", ["exec", broker, "rabbitmqctl", "await_startup"]);
    },
  };
}
