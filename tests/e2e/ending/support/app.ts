/**
 * An app that ends in its own way: one file, no dependencies, run by Deno in a pod. It says on its standard output, a
 * JSON object a line, what it does. Its environment:
 *
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | `PORT` | 8080 | answers 200 to everything but Dapr's questions |
 * | `PUBSUB`, `TOPIC` | required | where its messages go, through Dapr's API |
 * | `CALLS`, `GAP_MS` | 0, 500 | so many calls, so long apart: each publishes a message and saves a state |
 * | `FIRST_MS` | 0 | how long before the first one |
 * | `CONNECTION` | `keep` | `keep`: all calls by one connection; `close`: each by one of its own |
 * | `CALLS_WHEN` | `stopped` | `stopped`: at SIGTERM, after the port is closed; `started`: at once, and then it ends |
 * | `EXIT_CODE` | 0 | |
 *
 * @module
 */
import { Agent, createServer, request } from "node:http";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** What it says. */
export type Said =
  | { readonly said: "listening" | "sigterm" | "exit" }
  | { readonly said: "called"; readonly call: number; readonly published: string; readonly saved: string };

const { env } = process;
const agent = new Agent({ keepAlive: env["CONNECTION"] !== "close", maxSockets: 1 });

function say(what: Said): void {
  console.log(JSON.stringify(what));
}

/** The status of Dapr's answer, or why there is none. */
function post(path: string, body: unknown): Promise<string> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json" };
    const port = Number(env["DAPR_HTTP_PORT"] ?? 3500);
    const call = request({ agent, host: "127.0.0.1", port, path, method: "POST", headers }, (response) => {
      response.resume().on("end", () => resolve(String(response.statusCode)));
    });
    call.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    call.end(JSON.stringify(body));
  });
}

async function callDapr(): Promise<void> {
  await sleep(Number(env["FIRST_MS"] ?? 0));
  for (let call = 1; call <= Number(env["CALLS"] ?? 0); call++) {
    const published = await post(`/v1.0/publish/${env["PUBSUB"]}/${env["TOPIC"]}`, { id: `${call}` });
    const saved = await post("/v1.0/state/store", [{ key: `${call}`, value: call }]);
    say({ said: "called", call, published, saved });
    await sleep(Number(env["GAP_MS"] ?? 500));
  }
}

function exit(): never {
  say({ said: "exit" });
  process.exit(Number(env["EXIT_CODE"] ?? 0));
}

const server = createServer(({ url }, response) => response.writeHead(url?.startsWith("/dapr/") ? 404 : 200).end());
server.keepAliveTimeout = 120_000;

process.once("SIGTERM", () => {
  say({ said: "sigterm" });
  server.close();
  server.closeIdleConnections();
  void (env["CALLS_WHEN"] === "started" ? Promise.resolve() : callDapr()).then(exit);
});

await new Promise<void>((resolve) => server.listen(Number(env["PORT"] ?? 8080), resolve));
say({ said: "listening" });
if (env["CALLS_WHEN"] === "started") {
  // A Job's app begins when Dapr's API is there for it.
  while (!await fetch("http://127.0.0.1:3500/v1.0/healthz/outbound").then(({ ok }) => ok, () => false)) {
    await sleep(100);
  }
  await callDapr();
  exit();
}
