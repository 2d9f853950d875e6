/** The worker that speaks gRPC, bundled as in a pod and asked as Dapr asks. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Ledger } from "../../scripts/lib/proof/ledger.ts";
import { encode, type Field, Message } from "../../scripts/lib/worker/grpc/protobuf.ts";
import { grpcWorkerScript } from "../../scripts/lib/worker/script.ts";

const SOON = 15_000;
const CALLBACK = "/dapr.proto.runtime.v1.AppCallback";

let folder: string;
let main: string;
let ledger: Ledger;
let worker: ChildProcess;
let client: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "daps-worker-"));
  const script = await grpcWorkerScript("main");
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  for (const [name, text] of Object.entries(script.files)) await writeFile(join(folder, name), text);
  main = join(folder, script.main);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  ledger = await Ledger.start({ host: "127.0.0.1" });
});

afterEach(async () => {
  client.close();
  worker.kill("SIGKILL");
  await ledger[Symbol.asyncDispose]();
});

function freePorts(): Promise<number[]> {
  const servers = [createServer(), createServer()];
  return Promise.all(servers.map((server) =>
    new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
      })
    )
  ));
}

async function start(env: Record<string, string> = {}): Promise<void> {
  const [port, httpPort] = await freePorts();
  const run = "deno" in process.versions ? ["run", "--allow-net", "--allow-env", main] : [main];
  const own = { POD_NAME: "pod-1", LEDGER_URL: ledger.url, PORT: `${port}`, HTTP_PORT: `${httpPort}` };
  worker = spawn(process.execPath, run, { env: { PATH: process.env.PATH, ...own, ...env }, stdio: "ignore" });
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.initial_reconnect_backoff_ms": 100 });
  await new Promise<void>((resolve, reject) =>
    client.waitForReady(Date.now() + SOON, (error) => error ? reject(error) : resolve())
  );
}

/** @throws {ServiceError} */
function ask(path: string, fields: readonly Field[] = []): Promise<Message> {
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest<readonly Field[], Message>(
      path,
      (value) => Buffer.from(encode(value)),
      (bytes) => new Message(bytes),
      fields,
      (error, answer) => error ? reject(error) : resolve(answer!),
    )
  );
}

const message = (id: string, more = {}) => JSON.stringify({ id, workMs: 10, ...more });

describe("a worker that speaks gRPC", { timeout: 60_000 }, () => {
  it("takes messages, a binding's and jobs, and tells of them", async () => {
    await start({ BINDING_ROUTE: "/queue", WORK_MS: "10" });
    await ask(`${CALLBACK}/OnTopicEvent`, [[1, "event"], [6, "topic"], [7, message("m1")]]);
    await ask(`${CALLBACK}/OnBindingEvent`, [[1, "queue"], [2, message("m2")]]);
    await ask(`${CALLBACK}/OnJobEvent`, [[1, "m3"]]);
    await ask(`${CALLBACK}Alpha/OnJobEventAlpha1`, [[1, "m4"]]);
    expect(ledger.of("completed").map((event) => event.message)).toEqual(["m1", "m2", "m3", "m4"]);
  });

  it("says what it subscribes to", async () => {
    await start({ BINDING_ROUTE: "/queue", SUBSCRIBE: "pubsub/orders" });
    const subscription = (await ask(`${CALLBACK}/ListTopicSubscriptions`)).message(1);
    expect([subscription.text(1), subscription.text(2), subscription.message(5).text(2)])
      .toEqual(["pubsub", "orders", "/work"]);
    expect((await ask(`${CALLBACK}/ListInputBindings`)).text(1)).toBe("queue");
    expect(ledger.of("asked").map(({ path }) => path)).toEqual(["/dapr/subscribe", "/queue"]);
  });

  it("has neither subscriptions nor bindings if it is told of none", async () => {
    await start();
    expect((await ask(`${CALLBACK}/ListTopicSubscriptions`)).bytes(1)).toHaveLength(0);
    await expect(ask(`${CALLBACK}/ListInputBindings`)).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });

  it("answers calls", async () => {
    await start();
    const answer = await ask(`${CALLBACK}/OnInvoke`, [[1, "method"], [2, encode([[2, "{}"]])], [4, encode([[1, 3]])]]);
    expect(answer.message(1).text(2)).toBe("{}");
    expect(answer.text(2)).toBe("application/json");
  });

  it("is well, but for the time of a message that makes it ill", async () => {
    await start();
    await ask(`${CALLBACK}HealthCheck/HealthCheck`);
    const work = ask(`${CALLBACK}/OnTopicEvent`, [[7, message("m1", { ill: true, workMs: 500 })]]);
    await ledger.until(() => ledger.of("begun")[0], { what: "the work to begin", timeoutMs: SOON });
    const asked = await ask(`${CALLBACK}HealthCheck/HealthCheck`).catch((error: ServiceError) => error.code);
    expect(asked).toBe(status.UNAVAILABLE);
    await work;
    await ask(`${CALLBACK}HealthCheck/HealthCheck`);
  });

  it("is ready when it has started, and refuses everything before", async () => {
    await start({ STARTS_AFTER_ASKED: "true" });
    for (const path of ["/grpc.health.v1.Health/Check", `${CALLBACK}/ListTopicSubscriptions`]) {
      await expect(ask(path)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    }
    await ledger.until(() => ledger.of("ready")[0], { what: "the worker to be ready", timeoutMs: SOON });
    expect((await ask("/grpc.health.v1.Health/Check")).number(1)).toBe(1);
  });

  it("finishes its work when it is stopped", async () => {
    await start();
    const work = ask(`${CALLBACK}/OnTopicEvent`, [[7, message("m1", { workMs: 300 })]]);
    await ledger.until(() => ledger.of("begun")[0], { what: "the work to begin", timeoutMs: SOON });
    const exited = new Promise((resolve) => worker.once("exit", (code) => resolve(code)));
    process.kill(worker.pid!, "SIGTERM");
    await work;
    expect(await exited).toBe(0);
    expect(ledger.account(["m1"])).toMatchObject({ lost: 0, cutOff: 0 });
  });
});
