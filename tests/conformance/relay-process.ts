/**
 * A relay with a process of its own, whose memory is the relay's: `relay-process.ts APP_PORT relay|greedy|admin`, the last
 * with a server beside it. Says its port on the first line, the server's after it, and ends with its standard input.
 */
import { once } from "node:events";
import net from "node:net";
import process from "node:process";
import { Ledger } from "../../services/core/ledger.ts";
import { serve } from "../../services/host/serve/index.ts";
import { systemSockets } from "../../services/host/sockets/index.ts";
import { createRelay } from "../../services/sidecar/relay.ts";

const HOST = "127.0.0.1";
const [appPort = "", kind] = process.argv.slice(2);
const app = { host: HOST, port: Number(appPort) };

/** What a relay must not do: it takes all that comes, whether the other side takes it or not. */
async function greedy(): Promise<number> {
  const server = net.createServer((down) => {
    const up = net.connect(app);
    for (const [from, to] of [[down, up], [up, down]] as const) {
      from.on("data", (bytes) => to.write(bytes));
      from.on("error", () => to.destroy());
    }
  }).listen(0, HOST);
  await once(server, "listening");
  return (server.address() as net.AddressInfo).port;
}

async function relay(): Promise<number> {
  const { port } = await createRelay({
    listen: { host: HOST, port: 0 },
    app,
    protocol: "http1",
    gate: { mayPass: () => true, onChange: () => () => {}, appFailed: () => {} },
    ledger: new Ledger(),
    sockets: await systemSockets(),
    now: () => performance.now(),
    redeliver: { limit: 3 },
  }).open();
  return port;
}

async function withAdmin(): Promise<string> {
  const admin = await serve({ hostname: HOST, port: 0, fetch: () => new Response("lives") });
  return `${await relay()} ${admin.port}`;
}

const ways: Readonly<Record<string, () => Promise<number | string>>> = { relay, greedy, admin: withAdmin };

process.stdout.write(`${await ways[kind ?? ""]!()}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
