/** Dapr's app-health probe over HTTP/2: the app answers it while it serves, DAPS when it does not. */
import { beforeEach, describe, expect, it } from "vitest";
import { answer, type Answered, type Client, stage } from "./http2-harness.ts";

let answers = false;
/** As the lifecycle does: from the first failure of the app on. */
const speaks = () => answers || scene.harness.gate.failures.length > 0;
const scene = stage({ health: { path: "/healthz", answers: speaks } });
beforeEach(() => {
  answers = false;
});

const PROBE = "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck";
const EMPTY = Buffer.alloc(5);

function probe(daprd: Client): Answered {
  return daprd.request({ ":path": PROBE, "content-type": "application/grpc", te: "trailers" }, EMPTY);
}

async function expectWell(asked: Answered): Promise<void> {
  await asked.end();
  expect(asked.headers).toMatchObject({ ":status": 200, "content-type": "application/grpc" });
  expect(asked.body).toEqual(EMPTY);
  expect(asked.trailers).toMatchObject({ "grpc-status": "0" });
}

describe("the probe by gRPC", () => {
  it("is the app's to answer while it serves", async () => {
    const asked = probe(scene.daprd);
    answer(await scene.app.expect(PROBE), "the app's own");
    await asked.end();
    expect(asked.body.toString()).toBe("the app's own");
  });

  it("is answered by DAPS else, again and again, whatever the gate says, and the connection goes on", async () => {
    answers = true;
    scene.harness.gate.hold("delivery", "call");
    for (let times = 0; times < 3; times++) await expectWell(probe(scene.daprd));
    const asked = scene.daprd.call("after");
    await scene.harness.until(() => scene.harness.ledger.parked.call === 1);
    expect(scene.app.arrived).toHaveLength(0);
    scene.harness.gate.hold();
    answer(await scene.app.expect("/dapr.proto.runtime.v1.AppCallback/OnInvoke"));
    await asked.end();
    expect(asked.body.toString()).toBe("ok");
    expect(scene.harness.requests).toHaveLength(1);
  });

  it("is answered by DAPS while calls of the same connection are with the app", async () => {
    const called = scene.daprd.call("long");
    const arrived = await scene.app.expect("/dapr.proto.runtime.v1.AppCallback/OnInvoke");
    answers = true;
    await expectWell(probe(scene.daprd));
    answer(arrived);
    await called.end();
    const next = scene.daprd.call("next", { "x-new": "field" });
    answer(await scene.app.expect("/dapr.proto.runtime.v1.AppCallback/OnInvoke", 1));
    await next.end();
    expect(next.body.toString()).toBe("ok");
    expect(scene.app.sessions).toHaveLength(1);
  });

  it("that the app dies of is answered by DAPS", async () => {
    const asked = probe(scene.daprd);
    await scene.app.expect(PROBE);
    for (const socket of scene.app.sockets) socket.destroy();
    await expectWell(asked);
  });

  it("that finds the app's port closed is answered by DAPS", async () => {
    const asked = probe(scene.daprd);
    answer(await scene.app.expect(PROBE));
    await asked.end();
    await scene.app.die();
    await expectWell(probe(scene.daprd));
    expect(scene.harness.gate.failures).not.toEqual([]);
    expect(scene.harness.ledger.parked.call).toBe(0);
  });

  it("is any other call if Dapr does not probe by that path", async () => {
    answers = true;
    const path = `${PROBE}Other`;
    const asked = scene.daprd.call("{}", { ":path": path });
    answer(await scene.app.expect(path));
    await asked.end();
    expect(asked.body.toString()).toBe("ok");
  });
});

describe("the probe by GET over h2c", () => {
  it("is the app's to answer while it serves, and DAPS's else", async () => {
    const ask = () => scene.daprd.request({ ":method": "GET", ":path": "/healthz" });
    const first = ask();
    (await scene.app.expect("/healthz")).stream.respond({ ":status": 503 }, { endStream: true });
    await first.end();
    expect(first.headers).toMatchObject({ ":status": 503 });
    answers = true;
    const second = ask();
    await second.end();
    expect(second.headers).toMatchObject({ ":status": 200 });
    expect(scene.app.arrived).toHaveLength(1);
  });
});
