/**
 * What the broker does with each message, told by itself: RabbitMQ's firehose, a copy of each message that is published
 * or delivered (https://www.rabbitmq.com/docs/firehose).
 *
 * @module
 */
import { type ChannelModel, connect } from "amqplib";
import type { BrokerEnvironment } from "../../proof/broker.ts";

export interface Passage {
  readonly kind: "published" | "delivered";
  /** The exchange that it was published to, or the queue that it was delivered from. */
  readonly place: string;
  readonly message: string;
  /** Whom it was delivered to, or by whom it was published: an IP address. */
  readonly peer: string;
  /** When this process was told, in ms since 1970. */
  readonly at: number;
}

const TRACE_EXCHANGE = "amq.rabbitmq.trace";

export class Firehose implements AsyncDisposable {
  readonly #connection: ChannelModel;
  readonly #env: BrokerEnvironment;
  readonly #passages: Passage[] = [];

  private constructor(connection: ChannelModel, env: BrokerEnvironment) {
    this.#connection = connection;
    this.#env = env;
  }

  /** Turns it on, for the virtual host that all of the cluster share, until it is disposed. */
  static async open(env: BrokerEnvironment): Promise<Firehose> {
    const connection = await connect(env.AMQP_URL);
    const firehose = new Firehose(connection, env);
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue("", { exclusive: true, autoDelete: true });
    await channel.bindQueue(queue, TRACE_EXCHANGE, "#");
    await channel.consume(queue, (copy) => {
      if (copy === null) return;
      const passage = passageOf(copy.fields.routingKey, copy.properties.headers ?? {}, Date.now());
      if (passage !== undefined) firehose.#passages.push(passage);
    }, { noAck: true });
    await trace(env, true);
    return firehose;
  }

  /** In the order in which they came. */
  get passages(): readonly Passage[] {
    return this.#passages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await trace(this.#env, false);
    await this.#connection.close();
  }
}

/**
 * @param key `publish.EXCHANGE` or `deliver.QUEUE`
 * @param headers the copy's
 * @returns undefined for a message without id
 */
export function passageOf(key: string, headers: Readonly<Record<string, unknown>>, at: number): Passage | undefined {
  const [, verb, place = ""] = /^(publish|deliver)\.(.*)$/s.exec(key) ?? [];
  const message = (headers["properties"] as Record<string, unknown> | undefined)?.["message_id"];
  if (verb === undefined || typeof message !== "string") return undefined;
  // `10.0.0.7:51234 -> 10.0.0.1:5672`
  const peer = /^(.*):\d+ -> /.exec(String(headers["connection"]))?.[1] ?? "";
  return { kind: verb === "publish" ? "published" : "delivered", place, message, peer, at };
}

async function trace({ RABBITMQ_API }: BrokerEnvironment, tracing: boolean): Promise<void> {
  const api = new URL(RABBITMQ_API);
  const url = new URL(`${api.pathname}/vhosts/%2F`, api.origin);
  const authorization = `Basic ${btoa(`${api.username}:${api.password}`)}`;
  const headers = { authorization, "content-type": "application/json" };
  const response = await fetch(url, { method: "PUT", headers, body: JSON.stringify({ tracing }) });
  await response.body?.cancel();
  if (response.ok) return;
  throw new Error(
    `Cannot turn the broker's firehose ${tracing ? "on" : "off"}: received status ${response.status} from ${url.href}`,
  );
}
