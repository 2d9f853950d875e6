/** The relay between gRPC's own peers: a server and a client of grpc-js. */
import { once } from "node:events";
import { Metadata, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ask, connect, GrpcApp, type Handlers, type PeersClient, type Unary } from "./grpc-peers.ts";
import { Harness, Watched } from "./relay-harness.ts";

const mirror: Unary = ({ request }, callback) => callback(null, request);

let app: GrpcApp;
let harness: Harness;
let client: PeersClient;

async function start(handlers: Handlers, redeliver: { limit: number } | null = null): Promise<void> {
  app = new GrpcApp();
  harness = await Harness.start(await app.listen(handlers), { protocol: "http2", redeliver });
  client = connect(harness.port);
}

afterEach(async () => {
  client.close();
  harness.relay.close();
  await app.die();
  for (const fault of harness.faults) throw fault;
});

/** Calls that the app holds until the test answers them. */
class Held extends Watched {
  readonly calls: ServerUnaryCall<Buffer, Buffer>[] = [];
  readonly answers: (() => void)[] = [];

  readonly take: Unary = (call, callback) => {
    this.calls.push(call);
    this.answers.push(() => callback(null, call.request));
    call.on("cancelled", () => this.changed());
    this.changed();
  };
}

describe("a unary call", () => {
  it.each([0, 1, 1000, 70_000, 3_000_000, 20_000_000])("carries %i bytes there and back", async (size) => {
    await start({ Unary: mirror });
    const body = Buffer.alloc(size, "Franz jagt im Taxi ");
    const answered = await ask(client, "Unary", body);
    expect(answered.status).toMatchObject({ code: status.OK });
    expect(answered.body?.equals(body)).toBe(true);
    expect(harness.requests).toMatchObject([{ class: "call", rule: "invocation", outcome: "finished" }]);
  });

  it("carries metadata in the head both ways, and in the trailers", async () => {
    await start({
      Unary({ metadata, request }, callback) {
        const trailers = new Metadata();
        trailers.set("x-trailer", String(metadata.get("x-asked")[0]));
        trailers.set("x-bytes-bin", metadata.get("x-bytes-bin")[0] as Buffer);
        callback(null, request, trailers);
      },
    });
    const metadata = new Metadata();
    metadata.set("x-asked", "why not");
    metadata.set("x-bytes-bin", Buffer.from([0, 255, 7]));
    for (let times = 0; times < 3; times++) {
      const answered = await ask(client, "Unary", Buffer.from("m"), { metadata });
      expect(answered.status.metadata.get("x-trailer")).toEqual(["why not"]);
      expect(answered.status.metadata.get("x-bytes-bin")).toEqual([Buffer.from([0, 255, 7])]);
    }
  });

  it("carries a status and its message", async () => {
    await start({ Unary: (_, callback) => callback({ code: status.NOT_FOUND, details: "no such order: 7 %" }) });
    const answered = await ask(client, "Unary", Buffer.from("m"));
    expect(answered.status).toMatchObject({ code: status.NOT_FOUND, details: "no such order: 7 %" });
  });

  it("ends at its deadline at both ends", async () => {
    const held = new Held();
    await start({ Unary: held.take });
    const answered = ask(client, "Unary", Buffer.from("m"), { deadline: Date.now() + 300 });
    await held.until(() => held.calls.length === 1);
    expect(held.calls[0]?.getDeadline()).not.toBe(Infinity);
    expect((await answered).status.code).toBe(status.DEADLINE_EXCEEDED);
    await held.until(() => held.calls[0]!.cancelled);
    await harness.until(() => harness.ledger.inFlight.call === 0);
  });

  it("ends with its cancellation at both ends", async () => {
    const held = new Held();
    await start({ Unary: held.take });
    const ended = new Promise<number>((resolve) => {
      const call = client.Unary(Buffer.from("m"), new Metadata(), {}, (error) => resolve(error?.code ?? 0));
      void held.until(() => held.calls.length === 1).then(() => call.cancel());
    });
    expect(await ended).toBe(status.CANCELLED);
    await held.until(() => held.calls[0]!.cancelled);
    await harness.until(() => harness.requests.length === 1);
    expect(harness.requests).toMatchObject([{ outcome: "peer-closed" }]);
  });

  it("goes beside hundreds of others, answered in another order", async () => {
    const held = new Held();
    await start({ Unary: held.take });
    const asked = Array.from({ length: 300 }, (_, index) => ask(client, "Unary", Buffer.from(`${index}`)));
    await held.until(() => held.calls.length === 300);
    expect(harness.ledger.inFlight.call).toBe(300);
    for (const answerIt of held.answers.toReversed()) answerIt();
    const bodies = (await Promise.all(asked)).map(({ body }) => String(body));
    expect(bodies).toEqual(Array.from({ length: 300 }, (_, index) => `${index}`));
  });
});

describe("streams", () => {
  const parts = Array.from({ length: 200 }, (_, index) => Buffer.alloc(index * 100, `${index};`));
  const all = Buffer.concat(parts);

  it("of the app's pass part by part", async () => {
    await start({
      Down(call) {
        for (const part of parts) call.write(part);
        call.end();
      },
    });
    const received: Buffer[] = [];
    for await (const part of client.Down(Buffer.alloc(0))) received.push(part as Buffer);
    expect(received.map(({ length }) => length)).toEqual(parts.map(({ length }) => length));
    expect(Buffer.concat(received).equals(all)).toBe(true);
  });

  it("of the client's pass part by part", async () => {
    await start({
      Up(call, callback) {
        const received: Buffer[] = [];
        call.on("data", (part: Buffer) => received.push(part));
        call.on("end", () => callback(null, Buffer.concat(received)));
      },
    });
    const answer = await new Promise<Buffer | undefined>((resolve) => {
      const call = client.Up((_, value) => resolve(value));
      for (const part of parts) call.write(part);
      call.end();
    });
    expect(answer?.equals(all)).toBe(true);
  });

  it("of both answer each other", async () => {
    await start({
      Both(call) {
        call.on("data", (part: Buffer) => call.write(part));
        call.on("end", () => call.end());
      },
    });
    const call = client.Both();
    for (const text of ["ping", "and", "pong"]) {
      call.write(Buffer.from(text));
      expect(String((await once(call, "data"))[0])).toBe(text);
    }
    call.end();
    call.resume();
    await once(call, "status");
    await harness.until(() => harness.requests.length === 1);
    expect(harness.requests).toMatchObject([{ class: "call", outcome: "finished" }]);
  });
});

describe("a delivery", () => {
  it("that is kept back goes when the gate opens, and calls go meanwhile", async () => {
    await start({ Unary: mirror, Deliver: mirror });
    harness.gate.hold("delivery");
    const kept = ask(client, "Deliver", Buffer.alloc(100_000, "d"));
    await harness.until(() => harness.ledger.parked.delivery === 1);
    for (let times = 0; times < 3; times++) {
      expect(String((await ask(client, "Unary", Buffer.from("c"))).body)).toBe("c");
    }
    harness.gate.hold();
    const answered = await kept;
    expect(answered.status.code).toBe(status.OK);
    expect(answered.body?.length).toBe(100_000);
    // The client goes on over another connection.
    expect(String((await ask(client, "Unary", Buffer.from("later"))).body)).toBe("later");
  });

  it("whose app died is sent again to the next one, and a call is answered Unavailable", async () => {
    const held = new Held();
    await start({ Unary: held.take, Deliver: held.take }, { limit: 3 });
    const delivered = ask(client, "Deliver", Buffer.from("d"));
    const called = ask(client, "Unary", Buffer.from("c"));
    await held.until(() => held.calls.length === 2);
    await app.die();
    expect((await called).status.code).toBe(status.UNAVAILABLE);
    await harness.until(() => harness.ledger.parked.delivery === 1);
    await app.listen({ Unary: mirror, Deliver: mirror }, app.port);
    harness.gate.hold();
    const answered = await delivered;
    expect(answered.status.code).toBe(status.OK);
    expect(String(answered.body)).toBe("d");
  });

  it("and a call under way end well with an app that leaves in order", async () => {
    const held = new Held();
    await start({ Unary: held.take, Deliver: held.take });
    const asked = [ask(client, "Deliver", Buffer.from("d")), ask(client, "Unary", Buffer.from("c"))];
    await held.until(() => held.calls.length === 2);
    const left = app.leave();
    for (const answerIt of held.answers) answerIt();
    expect((await Promise.all(asked)).map(({ status: { code } }) => code)).toEqual([status.OK, status.OK]);
    await left;
    expect(harness.gate.failures).toEqual([]);
  });
});
