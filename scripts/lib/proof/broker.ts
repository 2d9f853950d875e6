/**
 * RabbitMQ as the outside sees it: queues as Dapr's component declares them, publishing, and how full they are.
 *
 * @module
 */
import { type ChannelModel, type ConfirmChannel, connect, type Options } from "amqplib";
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
  readonly unacknowledged: number;
  readonly consumers: number;
}

interface QueueTotals {
  readonly name: string;
  readonly messages_ready: number;
  readonly messages_unacknowledged: number;
}

/** With which Dapr's `pubsub.rabbitmq` declares its queues; its binding declares them without any. */
export const PUBSUB_ARGUMENTS: Readonly<Record<string, string>> = { "x-queue-type": "classic" };

interface Opened {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
}

async function open(address: string): Promise<Opened> {
  const connection = await connect(address);
  // What is asked of a broken connection fails by itself; without a listener its end would end the process.
  connection.on("error", () => {});
  const channel = await connection.createConfirmChannel();
  channel.on("error", () => {});
  return { connection, channel };
}

export class Broker implements AsyncDisposable {
  #connection: ChannelModel;
  #channel: ConfirmChannel;
  readonly #address: string;
  readonly #api: URL;

  private constructor({ connection, channel }: Opened, { AMQP_URL, RABBITMQ_API }: BrokerEnvironment) {
    this.#connection = connection;
    this.#channel = channel;
    this.#address = AMQP_URL;
    this.#api = new URL(RABBITMQ_API);
  }

  static async connect(env: BrokerEnvironment): Promise<Broker> {
    return new Broker(await open(env.AMQP_URL), env);
  }

  /** Connects anew, to a broker that was gone meanwhile. */
  async reconnect(): Promise<void> {
    const { connection, channel } = await open(this.#address);
    this.#connection = connection;
    this.#channel = channel;
  }

  /**
   * Declares a topic and a subscriber's queue the way Dapr's `pubsub.rabbitmq` does with `durable: true` and
   * `deletedWhenUnused: false` (components-contrib v1.18.0, pubsub/rabbitmq/rabbitmq.go, prepareSubscription), so that
   * nothing is published into the void before Dapr has subscribed. A queue of that name that is there is emptied.
   *
   * @param args of the queue, which must be those that its consumer declares it with
   */
  async declare(
    topic: string,
    queue: string,
    args: Readonly<Record<string, string>> = PUBSUB_ARGUMENTS,
  ): Promise<void> {
    await this.#channel.assertExchange(topic, "fanout", { durable: true, autoDelete: false });
    await this.#channel.assertQueue(queue, { durable: true, autoDelete: false, arguments: args });
    await this.#channel.purgeQueue(queue);
    await this.#channel.bindQueue(queue, topic, "");
  }

  async remove(topic: string, queue: string): Promise<void> {
    await this.#channel.deleteQueue(queue);
    await this.#channel.deleteExchange(topic);
  }

  /** Publishes a message as a CloudEvent and waits for the broker's confirmation. */
  async publish(topic: string, { id, workMs, poison, ill }: Message): Promise<void> {
    const event = {
      specversion: "1.0",
      id,
      source: "daps-proof",
      type: "work",
      datacontenttype: "application/json",
      data: { id, workMs, ...poison ? { poison } : {}, ...ill ? { ill } : {} },
    };
    const options = { persistent: true, contentType: "application/cloudevents+json", messageId: id };
    await this.#confirmed(topic, "", event, options);
  }

  /** Puts a message, which is JSON, into a queue and waits for the broker's confirmation. */
  async send(queue: string, message: unknown, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#confirmed("", queue, message, { headers });
  }

  #confirmed(exchange: string, key: string, message: unknown, options: Options.Publish): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#channel.publish(exchange, key, Buffer.from(JSON.stringify(message)), options, (error: unknown) => {
        if (error) reject(new Error(`Cannot publish to ${exchange || key} as the broker refused it`, { cause: error }));
        else resolve();
      });
    });
  }

  /**
   * The figures are those of this moment: of all that the management plugin tells, only the totals without statistics
   * are not up to 5 s old (seen on RabbitMQ 3.10).
   */
  async depth(queue: string): Promise<Depth> {
    const query = "disable_stats=true&enable_queue_totals=true";
    const url = new URL(`${this.#api.pathname}/queues/%2F?${query}`, this.#api.origin);
    const authorization = `Basic ${btoa(`${this.#api.username}:${this.#api.password}`)}`;
    const [{ consumerCount }, response] = await Promise.all([
      this.#channel.checkQueue(queue),
      fetch(url, { headers: { authorization } }),
    ]);
    if (!response.ok) {
      throw new Error(`Cannot ask how full ${queue} is: received status ${response.status} from ${url.href}`);
    }
    const totals = (await response.json() as QueueTotals[]).find(({ name }) => name === queue);
    if (totals === undefined) throw new Error(`Cannot ask how full a queue is as there is none: received ${queue}`);
    return {
      ready: totals.messages_ready,
      unacknowledged: totals.messages_unacknowledged,
      consumers: consumerCount,
    };
  }

  /** Waits until a queue's consumers are as many as `enough` says. */
  async consumers(queue: string, enough: (count: number) => boolean, options: UntilOptions): Promise<void> {
    let seen = 0;
    const look = async () => enough(seen = (await this.#channel.checkQueue(queue)).consumerCount);
    await polled(look, () => `the queue ${queue} has ${seen} consumers`, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}
