/**
 * The cluster's network namespace. It has no uplink: nothing in it reaches another machine.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { execute } from "../../toolchain/index.ts";
import { type Layout, NODE_IP, SERVICE_NETWORK } from "./layout.ts";

/** Nobody has this address. */
const GATEWAY = "10.77.0.254";

export async function createNamespace({ namespace }: Layout): Promise<void> {
  await execute("ip", ["netns", "add", namespace]);
  const commands = [
    "link set lo up",
    "link add node0 type veth peer name node0-peer",
    "link set node0-peer up",
    `address add ${NODE_IP}/24 dev node0`,
    "link set node0 up",
    // A packet to a service's address has to be on its way somewhere before kube-proxy's rules turn it around.
    `route add ${SERVICE_NETWORK} via ${GATEWAY} dev node0`,
    // Whatever else leaves fails at once. Without this, each look-up of a name would wait for a DNS server in vain.
    "route add unreachable default",
  ];
  await execute("ip", ["-n", namespace, "-batch", "-"], { input: commands.join("\n") + "\n" });
  await execute("nsenter", [`--net=/run/netns/${namespace}`, "sysctl", "-qw", "net.ipv4.ip_forward=1"]);
}

export async function deleteNamespace({ namespace, namespaceFile }: Layout): Promise<void> {
  if (await stat(namespaceFile).then(() => true, () => false)) await execute("ip", ["netns", "delete", namespace]);
}

/** Whether this process already runs in the cluster's namespace. */
export async function isInside({ namespaceFile }: Layout): Promise<boolean> {
  const [ours, theirs] = await Promise.all([
    stat("/proc/self/ns/net").catch(() => undefined),
    stat(namespaceFile).catch(() => undefined),
  ]);
  return ours !== undefined && theirs !== undefined && ours.ino === theirs.ino && ours.dev === theirs.dev;
}

/** The words before a command that let it run inside. (`ip netns exec` would hide the machine's cgroups from it.) */
export function enter({ namespaceFile }: Layout): string[] {
  return ["nsenter", `--net=${namespaceFile}`, "--"];
}
