/**
 * RabbitMQ with its management plugin. Runs inside the cluster's namespace, as the user that Debian's package made.
 *
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execute } from "../../toolchain/index.ts";
import { type Layout, NODE_IP, RABBITMQ_API, RABBITMQ_PASSWORD, RABBITMQ_USER } from "./layout.ts";
import { type Started, startPart } from "./parts.ts";
import { until } from "./wait.ts";

const USER = "rabbitmq";
const AS_USER = ["--reuid", USER, "--regid", USER, "--init-groups", "--"];
const PART = "rabbitmq";
/** How old the figures of the management plugin may be (5 s by default); tests wait for them. */
const STATISTICS_INTERVAL_MS = 500;

export async function startRabbitmq(layout: Layout): Promise<Started> {
  const folder = join(layout.state, "rabbitmq");
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, "rabbitmq.conf"),
    [
      `listeners.tcp.1 = ${NODE_IP}:5672`,
      `management.tcp.ip = ${NODE_IP}`,
      "management.tcp.port = 15672",
      "loopback_users = none",
      `default_user = ${RABBITMQ_USER}`,
      `default_pass = ${RABBITMQ_PASSWORD}`,
      `collect_statistics_interval = ${STATISTICS_INTERVAL_MS}`,
      // The machine's disk is not the broker's to judge.
      "disk_free_limit.absolute = 50MB",
      "",
    ].join("\n"),
  );
  await writeFile(join(folder, "enabled_plugins"), "[rabbitmq_management].\n");
  await execute("chown", ["-R", `${USER}:${USER}`, folder]);
  // Left to itself the Erlang runtime starts an epmd that outlives it and that nobody has recorded.
  await startPart(layout, "epmd", "setpriv", [...AS_USER, "epmd", "-address", "127.0.0.1"], environment(folder));
  return await startServer(layout);
}

/** Starts the broker of a cluster that has had it before, and waits until it is ready. */
export async function restartRabbitmq(layout: Layout): Promise<void> {
  const { failed } = await startServer(layout);
  await Promise.race([rabbitmqReady(), failed]);
}

async function startServer(layout: Layout): Promise<Started> {
  const env = environment(join(layout.state, "rabbitmq"));
  return await startPart(layout, PART, "setpriv", [...AS_USER, "/usr/lib/rabbitmq/bin/rabbitmq-server"], env);
}

function environment(folder: string): Record<string, string> {
  return {
    HOME: folder,
    // Both look for each other on the loopback address, which is one per namespace.
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: "rabbit@localhost",
    RABBITMQ_MNESIA_BASE: join(folder, "data"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_CONF_ENV_FILE: join(folder, "rabbitmq-env.conf"),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, "advanced.config"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
  };
}

export async function rabbitmqReady(): Promise<void> {
  const { username, password } = new URL(RABBITMQ_API);
  const authorization = `Basic ${btoa(`${username}:${password}`)}`;
  const url = `http://${NODE_IP}:15672/api/health/checks/port-listener/5672`;
  await until("RabbitMQ to be ready", async () => {
    const answer = await fetch(url, { headers: { authorization } });
    await answer.body?.cancel();
    return answer.ok;
  });
}
