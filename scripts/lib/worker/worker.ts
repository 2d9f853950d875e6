/**
 * A message worker to try DAPS on: no dependencies, the same on Deno (in a pod) and on Node (in a unit test).
 * What it does before it works, while it is busy and when it is stopped is chosen by its environment, see
 * `readOptions`; all that happens to it is told to a ledger outside the pod.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { ending } from "./ending.ts";
import { bulkIn, type Message, messageIn } from "./message.ts";
import { Reporter } from "./reporter.ts";

export type { Happening, WorkerEvent } from "./reporter.ts";

interface Options {
  readonly port: number;
  readonly protocol: "http" | "h2c";
  readonly pod: string;
  readonly ledger: string;
  readonly listenAfterMs: number;
  readonly startMs: number;
  readonly startsAfterAsked: boolean;
  readonly readyPath: string;
  readonly readyAsks: string;
  readonly whileStarting: "refuse" | "answer";
  readonly busy: { readonly kind: "json" | "404" | "html" | "none" } | { readonly kind: "sticky"; readonly ms: number };
  readonly busyPath: string;
  readonly healthPath: string;
  readonly subscription: { readonly pubsubname: string; readonly topic: string } | undefined;
  readonly route: string;
  readonly bindingRoute: string;
  readonly selfUrl: string;
  readonly workMs: number;
  readonly onSigterm: "close" | "finish" | "exit";
}

/**
 * The environment:
 *
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | `PORT` | 8080 | |
 * | `PROTOCOL` | `http` | `h2c`: HTTP/2 without TLS and without upgrade |
 * | `POD_NAME`, `LEDGER_URL` | required | who reports, and where to |
 * | `LISTEN_AFTER_MS` | 0 | how long nothing listens |
 * | `START_MS` | 0 | how long it then listens but is not ready: 503 on everything |
 * | `STARTS_AFTER_ASKED` | – | `true`: not ready before Dapr has asked for its subscriptions, however slow Dapr is |
 * | `WHILE_STARTING` | `refuse` | `answer`: Dapr's questions get their true answer all the same |
 * | `READY_PATH` | /healthz | |
 * | `READY_ASKS` | – | a URL (of Dapr's sidecar, say) that must give 2xx for the ready path to give it |
 * | `BUSY` | `json` | `json` (true to fact), `sticky:SECONDS` (still true so long after the last work), `404`, `html` (a catch-all page), `none` (the connection breaks) |
 * | `BUSY_PATH` | /api/busy | |
 * | `HEALTH_PATH` | /api/health | 503 while it works on a message that says `ill`, else 200 |
 * | `SUBSCRIBE` | – | `PUBSUB/TOPIC`, told in `GET /dapr/subscribe`; without it an empty list |
 * | `ROUTE` | /work | where messages come |
 * | `BINDING_ROUTE` | – | where an input binding's come |
 * | `SELF_URL` | – | called at the end of each message's work, by Dapr say; the message fails unless it gives 2xx |
 * | `WORK_MS` | 0 | for a message that does not say `workMs` |
 * | `ON_SIGTERM` | `close` | `close`: the port at once, as the graceful shutdown of most frameworks does, then what is in flight, then exit; `finish`: takes new work until there is none; `exit` |
 *
 * @throws {TypeError} naming the variable, what is accepted and what was received
 */
function readOptions(env: Readonly<Record<string, string | undefined>>): Options {
  const number = (name: string, otherwise: number) => {
    const value = env[name] === undefined ? otherwise : Number(env[name]);
    if (!Number.isFinite(value) || value < 0) throw refusal(name, "a number from 0 on", env[name]);
    return value;
  };
  const oneOf = <T extends string>(name: string, accepted: readonly T[]): T => {
    const value = env[name] ?? accepted[0];
    if (!accepted.includes(value as T)) throw refusal(name, accepted.join(" | "), env[name]);
    return value as T;
  };
  const required = (name: string) => {
    const value = env[name];
    if (!value) throw refusal(name, "a text", value);
    return value;
  };
  const [, pubsubname, topic] = /^([^/]+)\/(.+)$/.exec(env.SUBSCRIBE ?? "") ?? [];
  const sticky = /^sticky:(\d+(?:\.\d+)?)$/.exec(env.BUSY ?? "");
  return {
    port: number("PORT", 8080),
    protocol: oneOf("PROTOCOL", ["http", "h2c"]),
    pod: required("POD_NAME"),
    ledger: required("LEDGER_URL"),
    listenAfterMs: number("LISTEN_AFTER_MS", 0),
    startMs: number("START_MS", 0),
    startsAfterAsked: env.STARTS_AFTER_ASKED === "true",
    readyPath: env.READY_PATH ?? "/healthz",
    readyAsks: env.READY_ASKS ?? "",
    whileStarting: oneOf("WHILE_STARTING", ["refuse", "answer"]),
    busy: sticky
      ? { kind: "sticky", ms: Number(sticky[1]) * 1000 }
      : { kind: oneOf("BUSY", ["json", "404", "html", "none"]) },
    busyPath: env.BUSY_PATH ?? "/api/busy",
    healthPath: env.HEALTH_PATH ?? "/api/health",
    subscription: pubsubname && topic ? { pubsubname, topic } : undefined,
    route: env.ROUTE ?? "/work",
    bindingRoute: env.BINDING_ROUTE ?? "",
    selfUrl: env.SELF_URL ?? "",
    workMs: number("WORK_MS", 0),
    onSigterm: oneOf("ON_SIGTERM", ["close", "finish", "exit"]),
  };
}

function refusal(name: string, accepted: string, received: string | undefined): TypeError {
  return new TypeError(`Cannot use ${name}: it must be ${accepted}: received ${JSON.stringify(received ?? null)}`);
}

/** A request for it takes memory until the kernel ends the process. */
const EXHAUST_PATH = "/exhaust";
/** A request for it makes it ill, for good. */
const SICKEN_PATH = "/sicken";

const JOBS = "/job/";

const options = readOptions(process.env);
const reporter = new Reporter(options.ledger, options.pod);
const askedForSubscriptions = Promise.withResolvers<void>();
let started = false;
let readyOnce = false;
let stopping = false;
let working = 0;
let ill = 0;
let open = 0;
let lastWorkAt = Number.NEGATIVE_INFINITY;

async function isReady(): Promise<boolean> {
  if (!started) return false;
  if (options.readyAsks === "") return true;
  const response = await fetch(options.readyAsks, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok ?? false;
}

async function becomeReady(): Promise<void> {
  if (readyOnce) return;
  readyOnce = true;
  await reporter.report({ kind: "ready" });
}

function answer(response: ServerResponse, status: number, body?: unknown): void {
  if (stopping && options.protocol === "http") response.setHeader("connection", "close");
  if (body === undefined) response.writeHead(status).end();
  else if (typeof body === "string") response.writeHead(status, { "content-type": "text/html" }).end(body);
  else response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function answerBusy(response: ServerResponse): Promise<void> {
  const { busy } = options;
  if (busy.kind === "none") response.destroy();
  else if (busy.kind === "404") answer(response, 404);
  else if (busy.kind === "html") answer(response, 200, "<!doctype html><title>Worker</title>");
  else {
    const sticky = busy.kind === "sticky" && Date.now() - lastWorkAt < busy.ms;
    answer(response, 200, { busy: working > 0 || sticky, count: working });
  }
}

function daprsAnswer(method: string, path: string): [status: number, body?: unknown] | undefined {
  if (method === "OPTIONS") return path === options.bindingRoute ? [200] : [404];
  if (!path.startsWith("/dapr/")) return undefined;
  if (path !== "/dapr/subscribe") return [404];
  return [200, options.subscription ? [{ ...options.subscription, route: options.route }] : []];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  request.setEncoding("utf8");
  let text = "";
  for await (const chunk of request) text += chunk as string;
  return text;
}

/** Does the work of one message, from `begun` to `completed`; rejects if it fails. */
async function work(message: Message): Promise<void> {
  const attempt = crypto.randomUUID();
  await reporter.report({ kind: "begun", message: message.id, attempt });
  if (message.poison) process.exit(1);
  await sleep(message.workMs);
  if (options.selfUrl !== "") {
    const response = await fetch(options.selfUrl, { method: "POST", body: "{}" });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`Cannot call ${options.selfUrl}: received status ${response.status}`);
  }
  await reporter.report({ kind: "completed", message: message.id, attempt });
}

async function handleMessage(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  const body = await bodyOf(request);
  const bulk = bulkIn(body, options.workMs);
  const messages = bulk?.map(({ message }) => message) ?? [messageIn(body, path.slice(JOBS.length), options.workMs)];
  if (!started) {
    for (const { id } of messages) await reporter.report({ kind: "refused", message: id, status: 503 });
    return answer(response, 503);
  }
  const sick = messages.filter((message) => message.ill).length;
  working += messages.length;
  ill += sick;
  try {
    const results = await Promise.allSettled(messages.map(work));
    const failed = results.find((result) => result.status === "rejected");
    if (bulk === undefined && failed) throw failed.reason;
    const status = (index: number) => results[index]?.status === "fulfilled" ? "SUCCESS" : "RETRY";
    const statuses = bulk?.map(({ entryId }, index) => ({ entryId, status: status(index) }));
    answer(response, 200, statuses ? { statuses } : { status: "SUCCESS" });
  } finally {
    lastWorkAt = Date.now();
    working -= messages.length;
    ill -= sick;
  }
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? "";
  const path = new URL(request.url ?? "/", "http://worker").pathname;
  if (path === options.readyPath && method === "GET") {
    const ready = await isReady();
    if (ready) await becomeReady();
    return answer(response, ready ? 200 : 503);
  }
  // The busy endpoint is asked by DAPS, not by Dapr.
  if (path === options.busyPath && method === "GET") return await answerBusy(response);
  if (path === EXHAUST_PATH) exhaust();
  if (path === SICKEN_PATH) ill++;
  if (path === SICKEN_PATH || (path === options.healthPath && method === "GET")) {
    return answer(response, ill > 0 ? 503 : 200);
  }
  if (!readyOnce) await reporter.report({ kind: "early", method, path });
  const isMessage = path === options.route || path === options.bindingRoute || path.startsWith(JOBS);
  if (method === "POST" && isMessage) {
    return await handleMessage(request, response, path);
  }
  const dapr = daprsAnswer(method, path);
  const [status, body] = !started && (!dapr || options.whileStarting === "refuse") ? [503] : dapr ?? [200, {}];
  if (dapr) await reporter.report({ kind: "asked", method, path, status });
  if (path === "/dapr/subscribe") askedForSubscriptions.resolve();
  const wait = Number(new URL(request.url ?? "/", "http://worker").searchParams.get("ms") ?? 0);
  if (!dapr && wait > 0) await sleep(wait);
  answer(response, status, body);
}

function exhaust(): never {
  for (const taken: Uint8Array[] = [];;) taken.push(new Uint8Array(1 << 24).fill(1));
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  open++;
  response.once("close", () => open--);
  handle(request, response).catch((error: unknown) => {
    console.error(error);
    if (response.headersSent) response.destroy();
    else answer(response, 500);
  });
}

/** The compatible API of node:http2 has all of node:http's that is used here. */
const server: Server = options.protocol === "h2c"
  ? createHttp2Server(serve as unknown as Parameters<typeof createHttp2Server>[1]) as unknown as Server
  : createServer(serve);
// Dapr keeps idle connections for 90 s (Go's default) and does not repeat a POST on one that was just closed.
server.keepAliveTimeout = 120_000;

/** Waits until nothing is in flight, then ends the process. */
async function leave(): Promise<never> {
  if (options.onSigterm !== "exit") {
    while (working > 0 || open > 0) await sleep(10);
    await Promise.all(ending.map((end) => end()));
  }
  await reporter.report({ kind: "exit" });
  process.exit(0);
}

process.once("SIGTERM", () => {
  stopping = true;
  if (options.onSigterm === "close") {
    server.close();
    if (options.protocol === "http") server.closeIdleConnections();
  }
  void reporter.report({ kind: "sigterm" }).then(leave);
});

await reporter.report({ kind: "started" });
await sleep(options.listenAfterMs);
await new Promise<void>((resolve) => server.listen(options.port, resolve));
await reporter.report({ kind: "listening" });
await sleep(options.startMs);
if (options.startsAfterAsked) await askedForSubscriptions.promise;
started = true;
if (options.readyAsks === "") await becomeReady();
