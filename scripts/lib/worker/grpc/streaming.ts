/**
 * The worker as an app that subscribes by a stream: it dials Dapr, which then sends it its messages over that call, past
 * the app's port. The environment is that of worker.ts, with `SUBSCRIBE` and `DAPR_GRPC_PORT`.
 * (Dapr 1.18, `dapr/proto/runtime/v1/pubsub.proto`.)
 *
 * @module
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials } from "@grpc/grpc-js";
import { encode, Message } from "./protobuf.ts";
// It listens before Dapr is dialled.
import "../worker.ts";

const { env } = process;
const path = "/dapr.proto.runtime.v1.Dapr/SubscribeTopicEventsAlpha1";
const [pubsub = "", topic = ""] = (env.SUBSCRIBE ?? "").split("/");
const url = `http://127.0.0.1:${env.PORT ?? 8080}${env.ROUTE ?? "/work"}`;
const RETRY = 1;
const AGAIN_MS = 200;

/** The fields of the messages that are used here, by their numbers. */
const REQUEST = { initial: 1, processed: 2 } as const;
const RESPONSE = { event: 2 } as const;
const EVENT = { id: 1, data: 7 } as const;

/** Has a message done by the worker, which serves the same process, and gives Dapr's status for it. */
async function work(event: Message): Promise<number> {
  const body = JSON.stringify({ id: event.text(EVENT.id), data: JSON.parse(event.text(EVENT.data)) as unknown });
  const response = await fetch(url, { method: "POST", body }).catch(() => null);
  await response?.body?.cancel();
  return response?.ok ? 0 : RETRY;
}

/** Subscribes, until the stream ends. */
async function subscribe(client: Client): Promise<void> {
  const stream = client.makeBidiStreamRequest(path, (bytes: Uint8Array) => Buffer.from(bytes), (bytes) => bytes);
  stream.on("data", (bytes: Uint8Array) => {
    const event = new Message(bytes).bytes(RESPONSE.event);
    if (event.length === 0) return;
    const message = new Message(event);
    void work(message).then((status) => {
      const processed = encode([[1, message.text(EVENT.id)], [2, encode([[1, status]])]]);
      stream.write(encode([[REQUEST.processed, processed]]));
    });
  });
  const ended = new Promise<void>((resolve) => stream.once("error", () => resolve()).once("end", () => resolve()));
  stream.write(encode([[REQUEST.initial, encode([[1, pubsub], [2, topic]])]]));
  await ended;
}

let stopping = false;
process.once("SIGTERM", () => stopping = true);
const client = new Client(`127.0.0.1:${env.DAPR_GRPC_PORT ?? 50_001}`, credentials.createInsecure());
while (!stopping) {
  await subscribe(client);
  await sleep(AGAIN_MS);
}
