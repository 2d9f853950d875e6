/**
 * What stands between daprd and the app: nothing, DAPS, or a proxy that others use for the like.
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ADMIN_PORT, RELAY_PORT } from "../../../../services/core/ports.ts";
import { repositoryRoot } from "../../toolchain/index.ts";
import type { Command } from "./children.ts";
import { dapsCommand, type Protocol, V8_FLAGS } from "./daps.ts";
import type { Programs } from "./programs.ts";

/** Their keys in the JSON, in the order of the table. */
export const PEERS = [
  "direct",
  "haproxy_tcp",
  "haproxy_http",
  "queue_proxy",
  "deno_bare",
  "daps_deno",
  "daps_node",
] as const;

export type Peer = typeof PEERS[number];

/** Of the app; in bench/peers too. */
export const APP_PORT = 18_080;
/** Of the proxies that are not DAPS; in bench/peers too. */
const PROXY_PORT = 18_081;

const CONFIGURATIONS = join(repositoryRoot, "bench/peers");

export type PeerProcess = {
  /** Undefined: the load goes to the app itself. */
  readonly command?: Command;
  readonly port: number;
};

export async function peerProcess(peer: Peer, protocol: Protocol, programs: Programs): Promise<PeerProcess> {
  switch (peer) {
    case "direct":
      return { port: APP_PORT };
    case "haproxy_tcp":
      return haproxy("haproxy-tcp.cfg");
    case "haproxy_http":
      return haproxy(protocol === "http" ? "haproxy-http.cfg" : "haproxy-h2c.cfg");
    case "queue_proxy": {
      const env = JSON.parse(await readFile(join(CONFIGURATIONS, "queue-proxy/env.json"), "utf8")) as {
        [name: string]: string;
      };
      return { command: { program: programs.queueProxy, args: [], env }, port: PROXY_PORT };
    }
    case "deno_bare": {
      const { args, ...deno } = dapsCommand("deno", protocol, APP_PORT, programs.bundle);
      const flags = args.filter((arg) => arg.startsWith("--no-") || arg.startsWith(V8_FLAGS));
      const ports = [PROXY_PORT, APP_PORT, ADMIN_PORT].map(String);
      const command = {
        ...deno,
        args: ["run", ...flags, "--allow-all", join(programs.bare, "bare.js"), ...ports],
      };
      return { command, port: PROXY_PORT };
    }
    case "daps_deno":
      return { command: dapsCommand("deno", protocol, APP_PORT, programs.bundle), port: RELAY_PORT };
    case "daps_node":
      return { command: dapsCommand("node", protocol, APP_PORT, programs.bundle), port: RELAY_PORT };
  }
}

function haproxy(file: string): PeerProcess {
  return { command: { program: "haproxy", args: ["-db", "-f", join(CONFIGURATIONS, file)] }, port: PROXY_PORT };
}
