/** Dapr's app-health probe over HTTP/2: the app answers it while it serves, DAPS when it does not. */
import { beforeEach, describe, expect, it } from "vitest";
import {
  FLAG,
  frame,
  headersFrames,
  PREFACE,
  rstStream,
  settings,
  TYPE,
  windowUpdate,
} from "../../services/sidecar/http2/frames.ts";
import { encodeFields } from "../../services/sidecar/http2/hpack/encoder.ts";
import type { HeaderField } from "../../services/sidecar/http2/hpack/static-table.ts";
import { CODE } from "../../services/sidecar/http2/http2-error.ts";
import { answer, type Answered, type Client, INVOKE, stage } from "./http2-harness.ts";
import { Peer } from "./relay-harness.ts";

let answers = false;
/** As the lifecycle does: from the first failure of the app on. */
const speaks = () => answers || scene.harness.gate.failures.length > 0;
const scene = stage({ health: { path: "/healthz", answers: speaks } });
beforeEach(() => {
  answers = false;
});

const PROBE = "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck";
const EMPTY = Buffer.alloc(5);
const GRPC = { "content-type": "application/grpc" };

function fieldsOf(fields: Record<string, string>): HeaderField[] {
  return Object.entries(fields).map(([name, value]) => ({ name, value }));
}

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

  // A server takes a frame of a stream that it knows nothing of for a fault of the connection, and ends it with all
  // that is on it (RFC 9113 §5.1).
  describe("that DAPS has answered, while a call of the same connection is with the app", () => {
    const end = frame(TYPE.DATA, FLAG.END_STREAM, 3, EMPTY);
    const cancel = rstStream(3, CODE.CANCEL);
    const late: { what: string; whole: boolean; frames: Uint8Array[] }[] = [
      { what: "daprd, who had waited too long, cancels it", whole: true, frames: [cancel] },
      { what: "daprd takes more of its answer", whole: true, frames: [windowUpdate(3, 5)] },
      { what: "the rest of it comes", whole: false, frames: [end] },
      {
        what: "the rest of it comes, and daprd takes more, then cancels it",
        whole: false,
        frames: [end, windowUpdate(3, 5), cancel],
      },
      {
        what: "its fields come",
        whole: false,
        frames: [headersFrames(3, encodeFields(fieldsOf({ "x-end": "yes" })), true), cancel],
      },
    ];
    it.each(late)("does not end the call when $what", async ({ whole, frames }) => {
      const daprd = await Peer.connect(scene.harness.port);
      const ask = (id: number, path: string, endStream: boolean) => {
        const fields = { ":method": "POST", ":scheme": "http", ":authority": "app", ":path": path, ...GRPC };
        daprd.send(headersFrames(id, encodeFields(fieldsOf(fields)), endStream));
      };
      daprd.send(Buffer.concat([PREFACE, settings(new Map())]));
      ask(1, INVOKE, true);
      const called = await scene.app.expect(INVOKE);
      answers = true;
      ask(3, PROBE, whole);
      await daprd.expect("application/grpc");
      daprd.send(Buffer.concat(frames));
      daprd.send(frame(TYPE.PING, 0, 0, Buffer.alloc(8, "late")));
      await daprd.expect("latelate");
      answer(called, "the call's answer");
      await daprd.expect("the call's answer");
      expect(scene.app.arrived).toHaveLength(1);
      expect(scene.harness.gate.failures).toEqual([]);
      daprd.socket.destroy();
    });
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
