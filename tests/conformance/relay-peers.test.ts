/** The relay between real peers: an HTTP server of the runtime as the app, its clients in daprd's place. */
import http from "node:http";
import type net from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call, delivery, Harness, Peer } from "./relay-harness.ts";

let app: http.Server;
let harness: Harness;
let url: string;
let handler: http.RequestListener;

beforeEach(async () => {
  app = http.createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  harness = await Harness.start((app.address() as net.AddressInfo).port);
  url = `http://127.0.0.1:${harness.port}`;
});

afterEach(async () => {
  harness.relay.close();
  app.closeAllConnections();
  await new Promise((resolve) => app.close(resolve));
  for (const fault of harness.faults) throw fault;
});

/** Answers with what came. */
const mirror: http.RequestListener = (request, response) => {
  response.writeHead(200, { "content-type": request.headers["content-type"] ?? "none", "x-method": request.method });
  request.pipe(response);
};

describe("fetch through the relay", () => {
  it.each([0, 1, 1000, 70_000, 3_000_000])("carries a body of %i bytes there and back", async (size) => {
    handler = mirror;
    const body = Buffer.alloc(size, "Zw\u00f6lf Boxk\u00e4mpfer ");
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`${url}/mirror`, { method: "POST", body });
      expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    }
  });

  it("carries a body of unknown length, in chunks", async () => {
    handler = mirror;
    const parts = ["first ", "second ", "third"];
    const body = new ReadableStream({
      pull(controller) {
        const part = parts.shift();
        if (part === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(part));
      },
    });
    const response = await fetch(`${url}/mirror`, { method: "POST", body, duplex: "half" });
    expect(await response.text()).toBe("first second third");
  });

  it.each([[204, "GET"], [304, "GET"], [200, "HEAD"]])("carries %i to %s without a body", async (status, method) => {
    handler = (_, response) => {
      response.writeHead(status, status === 204 ? {} : { "content-length": 1000 });
      response.end();
    };
    for (let i = 0; i < 3; i++) {
      const response = await fetch(url, { method });
      expect(response.status).toBe(status);
      expect(await response.text()).toBe("");
    }
  });

  it("carries events as they are sent", async () => {
    let send: (event: string) => void = () => {};
    handler = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      send = (event) => response.write(`data: ${event}\n\n`);
      send("first");
    };
    const response = await fetch(url);
    const reader = response.body!.getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await next()).toContain("first");
    send("second");
    expect(await next()).toContain("second");
    await reader.cancel();
    await harness.until(() => harness.requests.length === 1);
    expect(harness.requests[0]!.outcome).not.toBe("finished");
    expect(harness.gate.failures).toEqual([]);
  });

  it("carries many requests at once", async () => {
    handler = mirror;
    await Promise.all(Array.from({ length: 200 }, async (_, i) => {
      const response = await fetch(`${url}/mirror`, { method: "POST", body: `body ${i}` });
      expect(await response.text()).toBe(`body ${i}`);
    }));
    expect(harness.ledger.inFlight).toEqual({ delivery: 0, call: 0, opaque: 0 });
  });

  it("survives an app that closes each connection after its answer, unannounced", async () => {
    handler = (request, response) => {
      response.on("finish", () => request.socket.end());
      mirror(request, response);
    };
    const daprd = await Peer.connect(harness.port);
    for (let i = 0; i < 5; i++) {
      daprd.send(delivery(`message ${i}`));
      await daprd.expect(`message ${i}\r\n0\r\n\r\n`);
    }
    expect(harness.gate.failures).toEqual([]);
  });
});

describe("delivery paths", () => {
  const subscriptions = [
    { pubsubname: "p", topic: "a", route: "/a" },
    { pubsubname: "p", topic: "b", routes: { default: "b", rules: [{ match: "x", path: "/c" }] } },
  ];

  it.each([
    ["of known length", {}, JSON.stringify(subscriptions)],
    ["in chunks", { "transfer-encoding": "chunked" }, JSON.stringify(subscriptions)],
    ["zipped", { "content-encoding": "gzip" }, gzipSync(JSON.stringify(subscriptions))],
  ])("are learned from the answer to GET /dapr/subscribe, %s", async (_, headers, body) => {
    handler = (_, response) => void response.writeHead(200, headers).end(body);
    expect(await (await fetch(`${url}/dapr/subscribe`)).json()).toEqual(subscriptions);
    await harness.until(() => harness.requests.length === 1);
    await expect.poll(() => [...harness.relay.deliveryPaths]).toEqual(["/a", "/b", "/c"]);
  });

  it.each([[200, true], [405, true], [404, false], [500, false]])(
    "are learned from OPTIONS that is answered %i: %s",
    async (status, learned) => {
      handler = (_, response) => void response.writeHead(status).end();
      await fetch(`${url}/binding`, { method: "OPTIONS" });
      expect(harness.relay.deliveryPaths.has("/binding")).toBe(learned);
    },
  );

  it.each([["no JSON", "<html>"], ["something else", '{"a":1}'], ["too long an answer", `[${" ".repeat(2_000_000)}]`]])(
    "are not learned from %s",
    async (_, body) => {
      handler = (_, response) => void response.writeHead(200).end(body);
      expect(await (await fetch(`${url}/dapr/subscribe`)).text()).toBe(body);
      expect(harness.relay.deliveryPaths.size).toBe(0);
    },
  );

  it("make of a plain POST a delivery, also while something is in flight", async () => {
    const waiting: http.ServerResponse[] = [];
    handler = (request, response) => {
      if (request.method === "OPTIONS") response.writeHead(405).end();
      else if (waiting.push(response) === 2) { for (const one of waiting) one.end("done"); }
    };
    await fetch(`${url}/binding`, { method: "OPTIONS" });
    const first = await Peer.connect(harness.port);
    first.send(call("first"));
    await harness.until(() => harness.ledger.inFlight.call === 1);
    const response = await fetch(`${url}/binding`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    expect(await response.text()).toBe("done");
    await first.expect("done");
    expect(harness.requests.map((request) => `${request.class} ${request.rule}`).sort()).toEqual([
      "call invocation",
      "call method",
      "delivery known-path",
    ]);
  });
});
