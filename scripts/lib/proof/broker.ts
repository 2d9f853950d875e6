/**
 * RabbitMQ as the outside sees it: queues as Dapr's component declares them, publishing, and how full they are.
 *
 * @module
 */
import { type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import type { Message } from "./schedule.ts";
import { polled, type UntilOptions } from "./waiting.ts";

export interface BrokerEnvironment {
  /** With user name and password. */
  readonly AMQP_URL: string;
  /** The management plugin's; ends in /api. */
  readonly RABBITMQ_API: string;
}

export interface Depth {
  readonly ready: number;
  /** As old as the broker's statistics. */
  readonly unacknowledged: number;
  readonly consumers: number;
}

/** By default the broker refreshes the management plugin's figures every 5 s; the local cluster's does every 0.5 s. */
const STATISTICS_MS = 5_000;

export class Broker implements AsyncDisposable {
  readonly #connection: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #api: URL;
  readonly #statisticsMs: number;

  private constructor(connection: ChannelModel, channel: ConfirmChannel, api: string, statisticsMs: number) {
    this.#connection = connection;
    this.#channel = channel;
    this.#api = new URL(api);
    this.#statisticsMs = statisticsMs;
  }

  /** @param statisticsMs how old the management plugin's figures may be */
  static async connect(env: BrokerEnvironment, statisticsMs = STATISTICS_MS): Promise<Broker> {
    const connection = await connect(env.AMQP_URL);
    const channel = await connection.createConfirmChannel();
    return new Broker(connection, channel, env.RABBITMQ_API, statisticsMs);
  }

  /**
   * Declares a topic and a subscriber's queue the way Dapr's `pubsub.rabbitmq` does with `durable: true` and
   * `deletedWhenUnused: false` (components-contrib v1.18.0, pubsub/rabbitmq/rabbitmq.go, prepareSubscription), so that
   * nothing is published into the void before Dapr has subscribed. A queue of that name that is there is emptied.
   */
  async declare(topic: string, queue: string): Promise<void> {
    await this.#channel.assertExchange(topic, "fanout", { durable: true, autoDelete: false });
    const options = { durable: true, autoDelete: false, arguments: { "x-queue-type": "classic" } };
    await this.#channel.assertQueue(queue, options);
    await this.#channel.purgeQueue(queue);
    await this.#channel.bindQueue(queue, topic, "");
  }

  async remove(topic: string, queue: string): Promise<void> {
    await this.#channel.deleteQueue(queue);
    await this.#channel.deleteExchange(topic);
  }

  /** Publishes a message as a CloudEvent and waits for the broker's confirmation. */
  async publish(topic: string, { id, workMs, poison }: Message): Promise<void> {
    const event = {
      specversion: "1.0",
      id,
      source: "daps-proof",
      type: "work",
      datacontenttype: "application/json",
      data: { id, workMs, ...poison ? { poison } : {} },
    };
    const body = Buffer.from(JSON.stringify(event));
    const options = { persistent: true, contentType: "application/cloudevents+json", messageId: id };
    await new Promise<void>((resolve, reject) => {
      this.#channel.publish(topic, "", body, options, (error: unknown) => {
        if (error) reject(new Error(`Cannot publish ${id} to ${topic} as the broker refused it`, { cause: error }));
        else resolve();
      });
    });
  }

  async depth(queue: string): Promise<Depth> {
    const url = new URL(`${this.#api.pathname}/queues/%2F/${encodeURIComponent(queue)}`, this.#api);
    const authorization = `Basic ${btoa(`${this.#api.username}:${this.#api.password}`)}`;
    url.username = url.password = "";
    const [{ messageCount, consumerCount }, response] = await Promise.all([
      this.#channel.checkQueue(queue),
      fetch(url, { headers: { authorization } }),
    ]);
    const figures = await response.json() as { messages_unacknowledged?: number };
    if (!response.ok) {
      throw new Error(`Cannot ask how full ${queue} is: received status ${response.status} from ${url}`);
    }
    // A queue without statistics yet has had no delivery either.
    return { ready: messageCount, unacknowledged: figures.messages_unacknowledged ?? 0, consumers: consumerCount };
  }

  /** Waits until a queue has at least so many consumers. */
  async consumed(queue: string, consumers: number, timeoutMs: number): Promise<void> {
    let seen = 0;
    await polled(
      async () => {
        seen = (await this.#channel.checkQueue(queue)).consumerCount;
        return seen >= consumers;
      },
      () => `it has ${seen}`,
      { what: `the queue ${queue} to have ${consumers} consumers`, timeoutMs },
    );
  }

  /**
   * Waits until a queue holds no message, neither ready nor unacknowledged, and has held none for as long as its
   * figures may be old.
   */
  async empty(queue: string, timeoutMs: number): Promise<void> {
    const options: UntilOptions = { what: `the queue ${queue} to be empty`, timeoutMs };
    let depth: Depth | undefined;
    let since = Number.POSITIVE_INFINITY;
    await polled(
      async () => {
        depth = await this.depth(queue);
        if (depth.ready + depth.unacknowledged > 0) since = Number.POSITIVE_INFINITY;
        else since = Math.min(since, performance.now());
        return performance.now() - since > 2 * this.#statisticsMs;
      },
      () => `it has ${JSON.stringify(depth)}`,
      options,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}
