/** Dapr's app-health probe: the app answers it while it serves, DAPS when it does not. */
import { expect, it } from "vitest";
import { answer, call, Peer, stage } from "./relay-harness.ts";

let answers = false;
const scene = stage({ health: { path: "/healthz", answers: () => answers } });

const probe = (path = "/healthz") =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:9696\r\nUser-Agent: Go-http-client/1.1\r\n\r\n`;

it("is the app's to answer while it serves", async () => {
  answers = false;
  const daprd = await Peer.connect(scene.harness.port);
  daprd.send(probe());
  const app = await scene.app.accept();
  expect(await app.expect("\r\n\r\n")).toBe(probe());
  app.send(answer("ill", "503 Service Unavailable"));
  expect(await daprd.expect("ill")).toBe(answer("ill", "503 Service Unavailable"));
});

it("is answered by DAPS else, again and again, whatever the gate says, and the connection goes on", async () => {
  answers = true;
  scene.harness.gate.hold("delivery", "call", "opaque");
  const daprd = await Peer.connect(scene.harness.port);
  for (let times = 0; times < 3; times++) {
    daprd.send(probe());
    expect(await daprd.expect("\r\n\r\n")).toBe("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }
  expect(scene.app.peers).toHaveLength(0);
  daprd.send(call("after"));
  await scene.harness.until(() => scene.harness.ledger.parked.call === 1);
  scene.harness.gate.hold();
  const app = await scene.app.accept();
  expect(await app.expect("after")).toBe(call("after"));
});

it("no other path is answered by DAPS", async () => {
  answers = true;
  const daprd = await Peer.connect(scene.harness.port);
  daprd.send(probe("/healthz/other"));
  const app = await scene.app.accept();
  expect(await app.expect("\r\n\r\n")).toBe(probe("/healthz/other"));
});
