/** What Dapr asks once is asked again by DAPS, until the app has a real answer. */
import { describe, expect, it } from "vitest";
import { answer, Harness, Peer, stage } from "./relay-harness.ts";

const questions: { path: string; status: number }[] = [];
const scene = stage({ onAskAgain: (question) => questions.push(question) });

const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:9696\r\nUser-Agent: Go-http-client/1.1\r\n\r\n`;

describe.each(["/dapr/subscribe", "/dapr/config"])("GET %s", (path) => {
  it("is asked again after a 503 and a 401, and daprd gets the answer after them alone", async () => {
    questions.length = 0;
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(ask(path));
    for (const status of ["503 Service Unavailable", "401 Unauthorized"]) {
      const peer = await scene.app.accept();
      expect(await peer.expect("\r\n\r\n")).toBe(ask(path));
      peer.send(answer("not yet", status));
    }
    const peer = await scene.app.accept();
    await peer.expect("\r\n\r\n");
    peer.send(answer("[]"));
    expect(await daprd.expect("[]")).toBe(answer("[]"));
    expect(questions).toEqual([{ path, status: 503 }, { path, status: 401 }]);
  });

  it("that the app drops is asked again when the gate opens", async () => {
    const daprd = await Peer.connect(scene.harness.port);
    daprd.send(ask(path));
    const first = await scene.app.accept();
    await first.expect("\r\n\r\n");
    first.socket.destroy();
    await scene.harness.until(() => scene.harness.ledger.parked.call === 1);
    scene.harness.gate.hold();
    const second = await scene.app.accept();
    await second.expect("\r\n\r\n");
    second.send(answer("", "404 Not Found"));
    expect(await daprd.expect("\r\n\r\n")).toBe(answer("", "404 Not Found"));
  });

  it("gets what the app says once a minute is over", async () => {
    let now = 0;
    const late = await Harness.start(scene.app.port, { now: () => now });
    const daprd = await Peer.connect(late.port);
    daprd.send(ask(path));
    const first = await scene.app.accept();
    await first.expect("\r\n\r\n");
    now = 60_000;
    first.send(answer("still not", "503 Service Unavailable"));
    expect(await daprd.expect("still not")).toBe(answer("still not", "503 Service Unavailable"));
    late.relay.close();
  });
});

it("any other question gets the app's first answer", async () => {
  const daprd = await Peer.connect(scene.harness.port);
  daprd.send(ask("/dapr/other"));
  const peer = await scene.app.accept();
  await peer.expect("\r\n\r\n");
  peer.send(answer("no", "503 Service Unavailable"));
  expect(await daprd.expect("no")).toBe(answer("no", "503 Service Unavailable"));
});
