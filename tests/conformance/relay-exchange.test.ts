/** An exchange through the relay, between raw peers. */
import { describe, expect, it } from "vitest";
import { total } from "../../services/core/ledger.ts";
import { answer, call, delivery, Peer, stage } from "./relay-harness.ts";

const scene = stage();

describe("an exchange", () => {
  it("passes as it came, and is in flight from the request's head to the answer's end", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(delivery("hello"));
    const upstream = await scene.app.accept();
    expect(await upstream.expect("hello")).toBe(delivery("hello"));
    expect(scene.harness.ledger.inFlight.delivery).toBe(1);
    upstream.send(answer("done"));
    expect(await daprd.expect("done")).toBe(answer("done"));
    await scene.harness.until(() => scene.harness.ledger.inFlight.delivery === 0);
    expect(scene.harness.requests).toMatchObject([{ class: "delivery", rule: "cloudevent", outcome: "finished" }]);
  });

  it("uses one connection to the app for many requests", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    for (let i = 0; i < 20; i++) {
      daprd.send(i % 2 ? delivery(`message ${i};`) : call(`message ${i};`));
      const upstream = scene.app.peers[0] ?? await scene.app.accept();
      await upstream.expect(`message ${i};`);
      upstream.send(answer(`answer ${i};`));
      await daprd.expect(`answer ${i};`);
    }
    expect(scene.app.peers).toHaveLength(1);
    expect(scene.harness.ledger.finished).toMatchObject({ delivery: 10, call: 10 });
  });

  it("is known by its time if another app has called, and only then", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(delivery("message"));
    const upstream = await scene.app.accept();
    await upstream.expect("message");
    expect(scene.harness.relay.lastCallAt).toBeNull();
    upstream.send(answer("done"));
    await daprd.expect("done");
    daprd.send(call("question"));
    await upstream.expect("question");
    expect(scene.harness.relay.lastCallAt).toEqual(expect.any(Number));
  });

  it("answers pipelined requests in order, one at a time", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(delivery("first") + call("second") + delivery("third"));
    const upstream = await scene.app.accept();
    for (const body of ["first", "second", "third"]) {
      expect(await upstream.expect(body)).toMatch(new RegExp(`${body}$`));
      upstream.send(answer(`to ${body}`));
    }
    expect(await daprd.expect("to third")).toBe(answer("to first") + answer("to second") + answer("to third"));
  });

  it("passes an interim response, then the final one", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("POST /upload HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    const upstream = await scene.app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send("HTTP/1.1 100 Continue\r\n\r\n");
    await daprd.expect("100 Continue\r\n\r\n");
    expect(total(scene.harness.ledger.inFlight)).toBe(1);
    daprd.send("body");
    await upstream.expect("body");
    upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer("fin"));
    expect(await daprd.expect("fin")).toContain("103 Early Hints");
    await scene.harness.until(() => total(scene.harness.ledger.inFlight) === 0);
  });

  it("passes an answer that comes before the request's end, and then the rest of the request", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("POST /early HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\n12345");
    const upstream = await scene.app.accept();
    await upstream.expect("12345");
    upstream.send(answer("early"));
    await daprd.expect("early");
    await scene.harness.until(() => total(scene.harness.ledger.inFlight) === 0);
    daprd.send("67890" + call("next"));
    expect(await upstream.expect("next")).toBe("67890" + call("next"));
    upstream.send(answer("late"));
    await daprd.expect("late");
  });

  it("ends with the connection if the answer has no length", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("GET /stream HTTP/1.1\r\nHost: app\r\n\r\n");
    const upstream = await scene.app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send("HTTP/1.1 200 OK\r\n\r\nsome ");
    await daprd.expect("some ");
    upstream.send("more");
    upstream.socket.end();
    await daprd.end();
    expect(daprd.text).toBe("more");
    expect(scene.harness.requests).toMatchObject([{ outcome: "finished" }]);
  });

  it.each([
    ["the request", "GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n", answer()],
    [
      "the answer",
      "GET / HTTP/1.1\r\nHost: app\r\n\r\n",
      "HTTP/1.1 200 OK\r\nconnection: Close\r\nContent-Length: 2\r\n\r\nok",
    ],
    ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", answer()],
    ["an answer of HTTP/1.0", "GET / HTTP/1.1\r\nHost: app\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  ])("ends the connection after the answer if %s says so", async (_, request, response) => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(request);
    const upstream = await scene.app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send(response);
    await daprd.end();
    expect(daprd.text).toBe(response);
    daprd.socket.end();
    await scene.harness.until(() => scene.harness.relay.connections === 0);
    await upstream.end();
  });

  it("keeps a connection of HTTP/1.0 that both sides want to keep", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const upstream = await scene.app.accept();
    await upstream.expect("\r\n\r\n");
    upstream.send("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok");
    await daprd.expect("ok");
    daprd.send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    await upstream.expect("GET /b");
  });

  it("passes half a close on, and the answer that still comes", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("last words"));
    daprd.socket.end();
    const upstream = await scene.app.accept();
    await upstream.end();
    expect(upstream.text).toBe(call("last words"));
    upstream.send(answer("still here"));
    await daprd.end();
    expect(daprd.text).toBe(answer("still here"));
  });

  it("is cut off for the app if daprd resets its connection", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(call("never mind"));
    const upstream = await scene.app.accept();
    await upstream.expect("never mind");
    daprd.socket.resetAndDestroy();
    await upstream.end();
    await scene.harness.until(() => scene.harness.requests.length === 1);
    expect(scene.harness.requests).toMatchObject([{ outcome: "peer-closed" }]);
    expect(scene.harness.gate.failures).toEqual([]);
    expect(total(scene.harness.ledger.inFlight)).toBe(0);
  });
});
