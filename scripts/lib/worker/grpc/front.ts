/**
 * A gRPC server that asks the worker by HTTP, in the same process, what it is asked itself. To be loaded before
 * worker.ts: it takes its port.
 *
 * @module
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ending } from "../ending.ts";
import { type HttpRequest, type Method, methods } from "./methods.ts";
import { Message } from "./protobuf.ts";

const { env } = process;
const port = Number(env.PORT ?? 8080);
const workerPort = Number(env.HTTP_PORT ?? port + 1);

const METHODS = methods({
  route: env.ROUTE ?? "/work",
  bindingRoute: env.BINDING_ROUTE ?? "",
  readyPath: env.READY_PATH ?? "/healthz",
  healthPath: env.HEALTH_PATH ?? "/api/health",
});

/** gRPC's status for one of HTTP. */
function statusOf(code: number): status {
  if (code === 404) return status.UNIMPLEMENTED;
  return code === 503 ? status.UNAVAILABLE : status.UNKNOWN;
}

async function ask({ method, path, body }: HttpRequest): Promise<Response> {
  const url = `http://127.0.0.1:${workerPort}${path}`;
  return await fetch(url, { method, ...body === undefined ? {} : { body } });
}

type Outcome = readonly [error: { code: status; details: string } | null, answer?: Uint8Array];

async function outcome({ request, answer }: Method, message: Message): Promise<Outcome> {
  try {
    const response = await ask(request(message));
    const body = await response.text();
    if (!response.ok) return [{ code: statusOf(response.status), details: `status ${response.status}` }];
    return [null, answer?.(body) ?? new Uint8Array(0)];
  } catch (error) {
    return [{ code: status.UNAVAILABLE, details: String(error) }];
  }
}

function handler(method: Method): handleUnaryCall<Message, Uint8Array> {
  return ({ request }, callback) => void (async () => callback(...await outcome(method, request)))();
}

function definition({ path }: Method): MethodDefinition<Message, Uint8Array> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: () => {
      throw new Error(`Cannot ask ${path}: this is the one who answers`);
    },
    requestDeserialize: (bytes) => new Message(bytes),
    responseSerialize: (bytes) => Buffer.from(bytes),
    responseDeserialize: (bytes) => bytes,
  };
}

const server = new Server();
const service: ServiceDefinition = Object.fromEntries(
  Object.entries(METHODS).map(([name, method]) => [name, definition(method)]),
);
const handlers: UntypedServiceImplementation = Object.fromEntries(
  Object.entries(METHODS).map(([name, method]) => [name, handler(method)]),
);
server.addService(service, handlers);

/** Listens once the worker does. */
async function listen(): Promise<void> {
  while (!await ask({ method: "GET", path: env.BUSY_PATH ?? "/api/busy" }).catch(() => null)) await sleep(20);
  await new Promise<void>((resolve, reject) => {
    const credentials = ServerCredentials.createInsecure();
    server.bindAsync(`0.0.0.0:${port}`, credentials, (error) => error ? reject(error) : resolve());
  });
}

let closed: Promise<void> | undefined;

/** Takes no new requests, and resolves when those under way are answered. */
function close(): Promise<void> {
  return closed ??= new Promise((resolve) => server.tryShutdown(() => resolve()));
}

ending.push(close);
if (env.ON_SIGTERM !== "finish") process.once("SIGTERM", () => void close());
env.PORT = String(workerPort);
void listen();
