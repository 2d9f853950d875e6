/** What else the process of the relay has to do is done while traffic never stops. */
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { startRelayChild } from "./relay-child.ts";
import { delivery } from "./relay-harness.ts";

/**
 * Of a steady traffic, each exchange with a pause of a millisecond after it, no more may pass meanwhile. Seen: up to 19;
 * more than these where the runtime looks at its own sockets at every 61st turn of the event loop only.
 */
const MOST_EXCHANGES = 400;
const ENOUGH = 20_000;

it("answers on its admin port", async () => {
  const app = http.createServer((request, response) => request.resume().on("end", () => response.end("done")));
  await once(app.listen(0, "127.0.0.1"), "listening");
  await using child = await startRelayChild("admin", (app.address() as AddressInfo).port, ["--allow-all"]);
  const [port, adminPort] = child.ports;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    let exchanges = 0;
    let over = false;
    const exchange = () =>
      new Promise<void>((resolve, reject) => {
        const options = { port, host: "127.0.0.1", method: "POST", path: "/work", agent };
        const request = http.request(options, (response) => response.resume().on("end", resolve));
        request.on("error", reject).end(delivery("x"));
      });
    const traffic = (async () => {
      for (; !over && exchanges < ENOUGH; exchanges++) {
        await exchange();
        await sleep(1);
      }
    })();
    for (let request = 0; request < 10; request++) {
      const before = exchanges;
      const response = await fetch(`http://127.0.0.1:${adminPort}/`, { headers: { connection: "close" } });
      expect(await response.text()).toBe("lives");
      expect(exchanges - before).toBeLessThan(MOST_EXCHANGES);
    }
    over = true;
    await traffic;
  } finally {
    agent.destroy();
    app.close();
  }
}, 60_000);
