/**
 * An app that answers when it is told to, and a daprd that opens as many connections as it is told to.
 * @module
 */
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "../relay/listen.ts";

const ANSWER_BODY = '{"status":"SUCCESS"}';
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${ANSWER_BODY.length}\r\n\r\n` +
  ANSWER_BODY;
const LOOK_INTERVAL_MS = 10;
const TIMEOUT_MS = 60_000;

/** Holds the deliveries that have come whole until they are answered, all together. */
export class HoldingApp implements AsyncDisposable {
  readonly #held: Socket[] = [];
  #server: AsyncDisposable | undefined;

  /** @param requestBytes of a delivery, head and body */
  static async listen(port: number, requestBytes: number): Promise<HoldingApp> {
    const app = new HoldingApp();
    app.#server = await listen(port, (socket) => {
      let came = 0;
      socket.on("data", (chunk) => {
        came += chunk.length;
        if (came < requestBytes) return;
        came = 0;
        app.#held.push(socket);
      });
    });
    return app;
  }

  get held(): number {
    return this.#held.length;
  }

  answerAll(): void {
    for (const socket of this.#held.splice(0)) socket.write(ANSWER);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

/** Connections as daprd opens them, each with one request on its way. */
export class Daprd implements Disposable {
  readonly #sockets: Socket[] = [];
  answered = 0;

  /** Opens one after the other: a backlog that is full would say nothing of memory. */
  async send(port: number, count: number, request: string): Promise<void> {
    for (let sent = 0; sent < count; sent++) {
      const socket = createConnection({ port, host: "127.0.0.1" });
      this.#sockets.push(socket);
      await once(socket, "connect");
      socket.on("error", () => socket.destroy());
      // Proxies add headers; the body is what must come.
      socket.on("data", (chunk: Buffer) => {
        if (chunk.toString("latin1").endsWith(ANSWER_BODY)) this.answered++;
      });
      socket.write(request);
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** @throws {Error} saying what did not happen within a minute */
export async function until(what: string, happened: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + TIMEOUT_MS;
  while (!(await happened())) {
    if (performance.now() > end) throw new Error(`Cannot measure as this did not happen in time: ${what}`);
    await sleep(LOOK_INTERVAL_MS);
  }
}
