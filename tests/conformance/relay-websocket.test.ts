/** A WebSocket through the relay: the runtime's own client in daprd's place, an echo as the app. */
import { once } from "node:events";
import http from "node:http";
import type net from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Harness, Watched } from "./relay-harness.ts";
import { close, type Echo, echoWebSockets, ping } from "./websocket-echo.ts";

class Client extends Watched {
  readonly socket: WebSocket;
  readonly messages: (string | ArrayBuffer)[] = [];
  closed: CloseEvent | null = null;
  open = false;

  constructor(url: string) {
    super();
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("open", () => {
      this.open = true;
      this.changed();
    });
    this.socket.addEventListener("message", ({ data }) => {
      this.messages.push(data);
      this.changed();
    });
    this.socket.addEventListener("close", (event) => {
      this.closed = event;
      this.changed();
    });
  }
}

let app: http.Server;
let harness: Harness;
let client: Client;
let echo: Echo;

beforeEach(async () => {
  app = http.createServer((_, response) => void response.writeHead(426).end()).listen(0, "127.0.0.1");
  await once(app, "listening");
  echoWebSockets(app, (opened) => echo = opened);
  harness = await Harness.start((app.address() as net.AddressInfo).port);
  client = new Client(`ws://127.0.0.1:${harness.port}/chat`);
  await client.until(() => client.open);
});

afterEach(() => {
  harness.relay.close();
  echo.socket.destroy();
  app.close();
  for (const fault of harness.faults) throw fault;
});

describe("a WebSocket", () => {
  it("is opaque from its opening to its end", async () => {
    expect(harness.ledger.inFlight).toEqual({ delivery: 0, call: 0, opaque: 1 });
    const before = harness.relay.lastOpaqueByteAt;
    client.socket.send("hello through DAPS");
    await client.until(() => client.messages.length === 1);
    expect(client.messages).toEqual(["hello through DAPS"]);
    expect(harness.relay.lastOpaqueByteAt).toBeGreaterThanOrEqual(before ?? 0);
    client.socket.close(3001, "enough");
    await client.until(() => client.closed !== null);
    expect(client.closed).toMatchObject({ code: 3001, wasClean: true });
    await harness.until(() => harness.ledger.inFlight.opaque === 0);
    expect(harness.requests).toMatchObject([{ outcome: "finished" }]);
  });

  it.each([0, 1, 125, 126, 65_535, 65_536, 2_000_000])("carries %i bytes there and back", async (size) => {
    const text = "0123456789abcdef".repeat((size >> 4) + 1).slice(0, size);
    client.socket.send(text);
    client.socket.send(new TextEncoder().encode(text));
    await client.until(() => client.messages.length === 2);
    expect(client.messages[0] === text).toBe(true);
    expect(new TextDecoder().decode(client.messages[1] as ArrayBuffer) === text).toBe(true);
  });

  it("carries what either side says unasked, in the order in which it came", async () => {
    const count = 1000;
    for (let i = 0; i < count; i++) client.socket.send(`message ${i}`);
    ping(echo, "still there?");
    await client.until(() => client.messages.length === count);
    expect(client.messages).toEqual(Array.from({ length: count }, (_, i) => `message ${i}`));
    await expect.poll(() => echo.pongs).toEqual(["still there?"]);
  });

  it("ends when the app closes it", async () => {
    close(echo, 4000);
    await client.until(() => client.closed !== null);
    expect(client.closed).toMatchObject({ code: 4000 });
    await harness.until(() => harness.ledger.inFlight.opaque === 0);
  });

  it("ends when the app dies", async () => {
    echo.socket.destroy();
    await client.until(() => client.closed !== null);
    await harness.until(() => harness.ledger.inFlight.opaque === 0);
  });
});
