import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Ledger } from "../../scripts/lib/proof/ledger.ts";

const WORKER = fileURLToPath(new URL("../../scripts/lib/worker/worker.ts", import.meta.url));
const SOON = 15_000;

let ledger: Ledger;
let worker: ChildProcess | undefined;
let base: string;

beforeEach(async () => {
  ledger = await Ledger.start({ host: "127.0.0.1" });
});

afterEach(async () => {
  worker?.kill("SIGKILL");
  worker = undefined;
  await ledger[Symbol.asyncDispose]();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** On the runtime that runs this test. */
function spawnWorker(env: Record<string, string>): ChildProcess {
  const run = "deno" in process.versions ? ["run", "--allow-net", "--allow-env", WORKER] : [WORKER];
  return spawn(process.execPath, run, { env: { PATH: process.env.PATH, POD_NAME: "pod-1", ...env }, stdio: "ignore" });
}

async function start(env: Record<string, string> = {}): Promise<ChildProcess> {
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  worker = spawnWorker({ PORT: String(port), LEDGER_URL: ledger.url, ...env });
  await ledger.until(() => ledger.of("listening")[0], { what: "the worker to listen", timeoutMs: SOON });
  return worker;
}

/** Not `child.kill`: after it, Deno's child_process tells of the signal and not of the exit code. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  process.kill(child.pid ?? Number.NaN, name);
}

async function ready(): Promise<void> {
  await ledger.until(() => ledger.of("ready")[0], { what: "the worker to be ready", timeoutMs: SOON });
}

function deliver(id: string, data: Record<string, unknown> = {}): Promise<Response> {
  return fetch(`${base}/work`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents+json" },
    body: JSON.stringify({ specversion: "1.0", id, source: "test", type: "test", data: { id, ...data } }),
  });
}

function begun(message: string) {
  return ledger.until(() => ledger.of("begun").find((event) => event.message === message), {
    what: `${message} to begin`,
    timeoutMs: SOON,
  });
}

async function status(path: string, init?: RequestInit): Promise<number> {
  const response = await fetch(base + path, init);
  await response.text();
  return response.status;
}

describe("worker", { timeout: 60_000 }, () => {
  test("tells of its start, of a message's begin and completion, and of its end", async () => {
    const child = await start();
    await ready();
    const response = await deliver("m1", { workMs: 20 });
    expect(await response.json()).toEqual({ status: "SUCCESS" });
    const exited = once(child, "exit");
    signal(child, "SIGTERM");
    expect(await exited).toEqual([0, null]);
    const kinds = ["started", "listening", "ready", "begun", "completed", "sigterm", "exit"];
    expect(ledger.events.map(({ kind }) => kind)).toEqual(kinds);
    expect(ledger.account(["m1"])).toEqual({ published: 1, lost: 0, cutOff: 0, repeated: 0, early: 0 });
  });

  test("refuses everything while it starts, and tells what came", async () => {
    await start({ START_MS: "1000", SUBSCRIBE: "pubsub/topic" });
    expect(await status("/healthz")).toBe(503);
    expect(await status("/dapr/subscribe")).toBe(503);
    expect((await deliver("m1")).status).toBe(503);
    await ready();
    expect(await status("/healthz")).toBe(200);
    expect(await (await fetch(`${base}/dapr/subscribe`)).json())
      .toEqual([{ pubsubname: "pubsub", topic: "topic", route: "/work" }]);
    expect(ledger.of("early").map(({ path }) => path)).toEqual(["/dapr/subscribe", "/work"]);
    expect(ledger.of("asked").map(({ status }) => status)).toEqual([503, 200]);
    expect(ledger.of("refused").map(({ message }) => message)).toEqual(["m1"]);
    expect(ledger.account(["m1"])).toEqual({ published: 1, lost: 1, cutOff: 0, repeated: 0, early: 2 });
  });

  test("answers Dapr's questions while it starts if told so", async () => {
    await start({ START_MS: "60000", WHILE_STARTING: "answer", BINDING_ROUTE: "/queue" });
    expect(await status("/dapr/subscribe")).toBe(200);
    expect(await status("/dapr/config")).toBe(404);
    expect(await status("/queue", { method: "OPTIONS" })).toBe(200);
    expect(await status("/other", { method: "OPTIONS" })).toBe(404);
    expect(await status("/")).toBe(503);
  });

  test("is ready when what it asks is", async () => {
    let code = 500;
    const asked = createServer((_, response) => response.writeHead(code).end()).listen(0, "127.0.0.1");
    await once(asked, "listening");
    await start({ READY_ASKS: `http://127.0.0.1:${(asked.address() as AddressInfo).port}/` });
    expect(await status("/healthz")).toBe(503);
    code = 204;
    expect(await status("/healthz")).toBe(200);
    expect(ledger.of("ready")).toHaveLength(1);
    asked.closeAllConnections();
    asked.close();
  });

  test("says that it is busy while it works", async () => {
    await start();
    await ready();
    expect(await (await fetch(`${base}/api/busy`)).json()).toEqual({ busy: false, count: 0 });
    const answer = deliver("m1", { workMs: 500 });
    await begun("m1");
    expect(await (await fetch(`${base}/api/busy`)).json()).toEqual({ busy: true, count: 1 });
    await answer;
    expect(await (await fetch(`${base}/api/busy`)).json()).toEqual({ busy: false, count: 0 });
  });

  test("says what it is told to say of busy", async () => {
    await start({ BUSY: "sticky:60" });
    await ready();
    await deliver("m1");
    expect(await (await fetch(`${base}/api/busy`)).json()).toEqual({ busy: true, count: 0 });
  });

  test.each([["404", 404, ""], ["html", 200, "text/html"]])(
    "can have the busy endpoint %s",
    async (busy, code, type) => {
      await start({ BUSY: busy });
      const response = await fetch(`${base}/api/busy`);
      await response.text();
      expect(response.status).toBe(code);
      expect(response.headers.get("content-type") ?? "").toBe(type);
    },
  );

  test("can break the connection when it is asked for busy", async () => {
    await start({ BUSY: "none" });
    await expect(fetch(`${base}/api/busy`)).rejects.toBeInstanceOf(TypeError);
  });

  test("closes its port on SIGTERM and finishes what is in flight", async () => {
    const child = await start();
    await ready();
    const answer = deliver("m1", { workMs: 1000 });
    await begun("m1");
    const exited = once(child, "exit");
    signal(child, "SIGTERM");
    await ledger.until(() => ledger.of("sigterm")[0], { what: "SIGTERM", timeoutMs: SOON });
    await expect(deliver("m2")).rejects.toBeInstanceOf(TypeError);
    expect((await answer).status).toBe(200);
    expect(await exited).toEqual([0, null]);
    expect(ledger.account(["m1"]).lost).toBe(0);
  });

  test("goes on taking work until there is none if told to finish", async () => {
    const child = await start({ ON_SIGTERM: "finish" });
    await ready();
    const first = deliver("m1", { workMs: 1000 });
    await begun("m1");
    const exited = once(child, "exit");
    signal(child, "SIGTERM");
    await ledger.until(() => ledger.of("sigterm")[0], { what: "SIGTERM", timeoutMs: SOON });
    const second = deliver("m2", { workMs: 1000 });
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(await exited).toEqual([0, null]);
  });

  test.each([["exit", "SIGTERM"], ["close", "SIGKILL"]] as const)(
    "leaves an attempt that is cut off without completion (%s, %s)",
    async (onSigterm, name) => {
      const child = await start({ ON_SIGTERM: onSigterm });
      await ready();
      const answer = deliver("m1", { workMs: 60_000 });
      answer.catch(() => {});
      await begun("m1");
      signal(child, name);
      await once(child, "exit");
      await expect(answer).rejects.toBeInstanceOf(TypeError);
      expect(ledger.unfinished).toHaveLength(1);
      expect(ledger.account(["m1"])).toEqual({ published: 1, lost: 1, cutOff: 1, repeated: 0, early: 0 });
    },
  );

  test("works without a ledger if it finds none when it starts", async () => {
    const port = await freePort();
    const env = { LEDGER_URL: `http://127.0.0.1:${await freePort()}/events`, PORT: String(port) };
    const run = spawnWorker(env);
    worker = run;
    const answers = async () =>
      (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.status === 200;
    await vi.waitUntil(answers, { timeout: SOON });
    const exited = once(run, "exit");
    signal(run, "SIGTERM");
    expect(await exited).toEqual([0, null]);
  });

  test("dies if the ledger goes away while it works, as its counts would be wrong", async () => {
    const child = await start();
    await ready();
    await ledger[Symbol.asyncDispose]();
    const exited = once(child, "exit");
    signal(child, "SIGTERM");
    expect(await exited).toEqual([70, null]);
  });

  test("dies of a poisonous message", async () => {
    const child = await start();
    await ready();
    const exited = once(child, "exit");
    await expect(deliver("m1", { poison: true })).rejects.toBeInstanceOf(TypeError);
    expect(await exited).toEqual([1, null]);
    expect(ledger.of("begun")).toHaveLength(1);
  });
});
