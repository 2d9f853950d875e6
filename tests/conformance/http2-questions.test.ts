/** What Dapr asks once over HTTP/2 is asked again by DAPS, until the app has a real answer. */
import { constants } from "node:http2";
import { describe, expect, it } from "vitest";
import { answer, type Answered, type Arrived, type Client, stage } from "./http2-harness.ts";
import { Harness } from "./relay-harness.ts";

const questions: { path: string; status: number }[] = [];
const scene = stage({ onAskAgain: (question) => questions.push(question) });

const SERVICE = "/dapr.proto.runtime.v1.AppCallback";
const EMPTY = Buffer.alloc(5);

function ask(daprd: Client, path: string): Answered {
  questions.length = 0;
  return daprd.request({ ":path": path, "content-type": "application/grpc", te: "trailers" }, EMPTY);
}

/** An error as gRPC servers answer it: nothing but trailers. */
function refuse({ stream }: Arrived, status: number): void {
  stream.respond(
    { ":status": 200, "content-type": "application/grpc", "grpc-status": status },
    { endStream: true },
  );
}

describe.each([`${SERVICE}/ListTopicSubscriptions`, `${SERVICE}/ListInputBindings`])("%s", (path) => {
  it("is asked again after errors, and daprd gets the answer after them alone", async () => {
    const asked = ask(scene.daprd, path);
    refuse(await scene.app.expect(path), 14);
    refuse(await scene.app.expect(path, 1), 2);
    const third = await scene.app.expect(path, 2);
    await scene.app.until(() => third.ended);
    expect(third.body).toEqual(EMPTY);
    answer(third, "two topics");
    await asked.end();
    expect(asked.headers).toMatchObject({ ":status": 200, "content-type": "application/grpc" });
    expect(asked.body.toString()).toBe("two topics");
    expect(asked.trailers).toMatchObject({ "grpc-status": "0" });
    expect(questions).toEqual([{ path, status: 14 }, { path, status: 2 }]);
    expect(scene.harness.requests).toMatchObject([{ class: "call", rule: "dapr", outcome: "finished" }]);
    expect(scene.harness.ledger.inFlight.call).toBe(0);
  });

  it("is asked again after an error behind a head, and after one that is not gRPC's", async () => {
    const asked = ask(scene.daprd, path);
    const first = await scene.app.expect(path);
    first.stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    first.stream.on("wantTrailers", () => first.stream.sendTrailers({ "grpc-status": "13" }));
    first.stream.end();
    const second = await scene.app.expect(path, 1);
    second.stream.respond({ ":status": 503, "content-type": "text/html" });
    second.stream.end("<title>Starting</title>");
    answer(await scene.app.expect(path, 2), "now");
    await asked.end();
    expect(asked.body.toString()).toBe("now");
    expect(questions.map(({ status }) => status)).toEqual([13, 503]);
  });

  it("is asked again after a reset", async () => {
    const asked = ask(scene.daprd, path);
    (await scene.app.expect(path)).stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    answer(await scene.app.expect(path, 1));
    await asked.end();
    expect(asked.body.toString()).toBe("ok");
  });

  it("that the app drops is asked again when the gate opens", async () => {
    const asked = ask(scene.daprd, path);
    await scene.app.expect(path);
    for (const socket of scene.app.sockets) socket.destroy();
    await scene.harness.until(() => scene.harness.ledger.parked.call === 1);
    scene.harness.gate.hold();
    answer(await scene.app.expect(path, 1));
    await asked.end();
    expect(asked.body.toString()).toBe("ok");
  });

  it("is answered by an app that does not know it", async () => {
    const asked = ask(scene.daprd, path);
    refuse(await scene.app.expect(path), 12);
    await asked.end();
    expect(asked.headers).toMatchObject({ ":status": 200, "grpc-status": "12" });
    expect(questions).toEqual([]);
  });

  it("gets what the app says once a minute is over", async () => {
    let now = 0;
    const late = await Harness.start(scene.app.port, { protocol: "http2", now: () => now });
    scene.harness.relay.close();
    scene.harness = late;
    const asked = ask(scene.connect(), path);
    const first = await scene.app.expect(path);
    now = 60_000;
    refuse(first, 14);
    await asked.end();
    expect(asked.headers).toMatchObject({ "grpc-status": "14" });
  });

  it("is not asked again once daprd has given it up", async () => {
    const asked = ask(scene.daprd, path);
    refuse(await scene.app.expect(path), 14);
    await scene.harness.until(() => scene.harness.ledger.inFlight.call === 0);
    asked.stream.close(constants.NGHTTP2_CANCEL);
    await scene.harness.until(() => scene.harness.requests.length === 1);
    expect(scene.harness.requests).toMatchObject([{ outcome: "parked-closed" }]);
    expect(scene.app.to(path)).toHaveLength(1);
  });
});

describe.each(["/dapr/subscribe", "/dapr/config"])("GET %s over h2c", (path) => {
  it("is asked again after a 503, and daprd gets the answer after it alone", async () => {
    questions.length = 0;
    const asked = scene.daprd.request({ ":method": "GET", ":path": path });
    const first = await scene.app.expect(path);
    first.stream.respond({ ":status": 503 });
    first.stream.end("not yet");
    const second = await scene.app.expect(path, 1);
    second.stream.respond({ ":status": 200 });
    second.stream.end("[]");
    await asked.end();
    expect(asked.headers).toMatchObject({ ":status": 200 });
    expect(asked.body.toString()).toBe("[]");
    expect(questions).toEqual([{ path, status: 503 }]);
  });
});

it("daprd goes on over a new connection, whose frames pass as they come", async () => {
  const asked = ask(scene.daprd, `${SERVICE}/ListInputBindings`);
  answer(await scene.app.expect(`${SERVICE}/ListInputBindings`));
  await asked.end();
  await scene.daprd.until(() => scene.daprd.goneAway !== null);
  expect(scene.daprd.goneAway).toMatchObject({ code: 0 });
  const called = scene.connect().call("{}");
  answer(await scene.app.expect("/dapr.proto.runtime.v1.AppCallback/OnInvoke"));
  await called.end();
  expect(called.body.toString()).toBe("ok");
});
