/**
 * The ledger: what the workers say has happened, kept outside the pods so that their end does not take it along.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Account, account } from "./account.ts";
import type { Happening, WorkerEvent } from "../worker/worker.ts";
import { type Found, type UntilOptions, Waiting } from "./waiting.ts";

export interface LedgerOptions {
  /** An address of this machine that pods reach. */
  readonly host: string;
}

/** The events of one kind. */
export type EventOf<K extends Happening["kind"]> = WorkerEvent & { readonly kind: K };

/** An HTTP server that takes workers' events, and what can be asked of them. One ledger for each deployment. */
export class Ledger implements AsyncDisposable {
  readonly #server: Server;
  readonly #host: string;
  readonly #events: WorkerEvent[] = [];
  readonly #known = new Set<string>();
  readonly #waiting = new Waiting();

  private constructor(server: Server, host: string) {
    this.#server = server;
    this.#host = host;
    server.on("request", (request, response) => {
      this.#take(request, response).catch((error: unknown) => {
        response.writeHead(400).end(String(error));
      });
    });
  }

  /** Listens on a free port. */
  static async start({ host }: LedgerOptions): Promise<Ledger> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, host, resolve);
    });
    return new Ledger(server, host);
  }

  /** What a worker needs as `LEDGER_URL`. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://${this.#host.includes(":") ? `[${this.#host}]` : this.#host}:${port}/events`;
  }

  /** In the order in which they came. */
  get events(): readonly WorkerEvent[] {
    return this.#events;
  }

  /** The events of one kind, of one pod if it is named. */
  of<K extends Happening["kind"]>(kind: K, pod?: string): EventOf<K>[] {
    return this.#events.filter((event): event is EventOf<K> =>
      event.kind === kind && (pod === undefined || event.pod === pod)
    );
  }

  /** The attempts that were begun and not completed: under way, or cut off. */
  get unfinished(): EventOf<"begun">[] {
    const completed = new Set(this.of("completed").map(({ attempt }) => attempt));
    return this.of("begun").filter(({ attempt }) => !completed.has(attempt));
  }

  account(published: readonly string[]): Account {
    return account(published, this.#events);
  }

  /**
   * Waits until `predicate` gives something other than undefined, null and false; it is asked now and at each event.
   *
   * @returns what the predicate gave
   * @throws {Error} after `timeoutMs`, saying what was waited for and what was seen
   */
  until<T>(predicate: (ledger: this) => Found<T>, options: UntilOptions): Promise<T> {
    const since = this.#events.length;
    return this.#waiting.until(() => predicate(this), () => this.seen(since), options);
  }

  /** For people: how many events there were of each kind, and the last ones from `since` on. */
  seen(since = 0): string {
    const kinds = Object.entries(Object.groupBy(this.#events, (event) => event.kind));
    const counts = kinds.map(([kind, events]) => `${kind} ${events?.length ?? 0}`).join(", ");
    const last = this.#events.slice(since).slice(-10).map(describe).join("; ");
    return `the ledger has ${counts || "no event"}; ${last === "" ? "nothing new since" : `the last since: ${last}`}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(this.#events));
      return;
    }
    request.setEncoding("utf8");
    let text = "";
    for await (const chunk of request) text += chunk as string;
    const event = JSON.parse(text) as WorkerEvent;
    // A worker repeats a report whose answer it has not seen.
    const key = `${event.instance}/${event.sequence}`;
    const isNew = !this.#known.has(key);
    if (isNew) {
      this.#known.add(key);
      this.#events.push(event);
    }
    response.writeHead(204).end();
    if (isNew) this.#waiting.notify();
  }
}

function describe(event: WorkerEvent): string {
  const what = "message" in event ? ` ${event.message}` : "path" in event ? ` ${event.method} ${event.path}` : "";
  return `${event.pod} ${event.kind}${what}`;
}
