/**
 * What makes a relay hold memory.
 * @module
 */
import { readFile } from "node:fs/promises";
import { ADMIN_PORT } from "../../../../services/core/ports.ts";
import { hookPath, TOKEN_HEADER } from "../../../../services/core/sidecar-config.ts";
import type { Status } from "../../../../services/core/status.ts";
import { start } from "../relay/children.ts";
import { TOKEN } from "../relay/daps.ts";
import type { Delivery } from "../relay/delivery.ts";
import { requestsUntil } from "../relay/load.ts";
import type { Memory } from "../relay/machine.ts";
import { APP_PORT, type PeerProcess } from "../relay/peers.ts";
import { Daprd, HoldingApp, until } from "./app.ts";
import { exchangeSlowly } from "./slow-body.ts";
import { mostMemory } from "./watch.ts";

const CONNECTIONS = 2_000;
const PARKED = 1_000;
const BODY_BYTES = 256 * 1024 * 1024;
const REQUESTS = 1_000_000;

export type Subject = {
  readonly command: NonNullable<PeerProcess["command"]>;
  readonly port: number;
  /** The app in C, for the situations that ask for speed. */
  readonly backend: string;
  readonly delivery: Delivery;
};

/** Each starts the process afresh, and tells the most memory that it had. */
export const SITUATIONS = {
  /** Each with a delivery in flight at the same time. */
  connections_2000: async ({ command, port, delivery }) => {
    const request = await wholeRequest(port, delivery);
    await using app = await HoldingApp.listen(APP_PORT, request.length);
    await using running = await start(command, port);
    using daprd = new Daprd();
    return await mostMemory(running.pid, async () => {
      await daprd.send(port, CONNECTIONS, request);
      await until("the app has every delivery", () => app.held === CONNECTIONS);
      app.answerAll();
      await until("every delivery is answered", () => daprd.answered === CONNECTIONS);
    });
  },

  /** Deliveries that come in a drain, while the app still works on one. */
  parked_1000: async ({ command, port, delivery }) => {
    const request = await wholeRequest(port, delivery);
    await using app = await HoldingApp.listen(APP_PORT, request.length);
    await using running = await start(command, port);
    using daprd = new Daprd();
    return await mostMemory(running.pid, async () => {
      await daprd.send(port, 1, request);
      await until("the app has the first delivery", () => app.held === 1);
      // Held until the process ends; both together are what tells a deletion from a restart.
      for (const name of ["app", "daps"] as const) {
        void fetch(admin(hookPath(name)), { headers: { [TOKEN_HEADER]: TOKEN } }).catch(() => {});
      }
      await until("the drain begins", async () => (await status()).phase === "draining");
      await daprd.send(port, PARKED, request);
      await until("the deliveries are parked", async () => (await status()).parked === PARKED);
    });
  },

  body_256mb: async ({ command, port }) => {
    // The gate of DAPS opens to an app that is there.
    await using transfer = await exchangeSlowly(APP_PORT, BODY_BYTES);
    await using running = await start(command, port);
    return await mostMemory(running.pid, () => transfer.through(port));
  },

  requests_1m: async ({ command, port, backend, delivery }) => {
    await using _app = await start({ program: backend, args: [String(APP_PORT)] }, APP_PORT);
    await using running = await start(command, port);
    return await mostMemory(running.pid, () => requestsUntil(REQUESTS, "http", port, delivery));
  },
} satisfies Record<string, (subject: Subject) => Promise<Memory>>;

export type Situation = keyof typeof SITUATIONS;

async function wholeRequest(port: number, { headFile, bodyFile }: Delivery): Promise<string> {
  const [head, body] = await Promise.all([readFile(headFile, "utf8"), readFile(bodyFile, "utf8")]);
  const headers = head.trim().replaceAll("\n", "\r\n");
  const length = `Content-Length: ${body.length}`;
  return `POST /orders HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${length}\r\n${headers}\r\n\r\n${body}`;
}

function admin(path: string): string {
  return `http://127.0.0.1:${ADMIN_PORT}${path}`;
}

async function status(): Promise<Status> {
  return await (await fetch(admin("/status"))).json() as Status;
}
