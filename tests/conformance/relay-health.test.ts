/** Dapr's app-health probe: the app answers it while it serves, DAPS when it does not. */
import { expect, it } from "vitest";
import { answer, call, Peer, stage } from "./relay-harness.ts";

let answers = false;
/** As the lifecycle does: from the first failure of the app on. */
const speaks = () => answers || scene.harness.gate.failures.length > 0;
const scene = stage({ health: { path: "/healthz", answers: speaks } });

const HEALTHY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
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
    expect(await daprd.expect("\r\n\r\n")).toBe(HEALTHY);
  }
  expect(scene.app.peers).toHaveLength(0);
  daprd.send(call("after"));
  await scene.harness.until(() => scene.harness.ledger.parked.call === 1);
  scene.harness.gate.hold();
  const app = await scene.app.accept();
  expect(await app.expect("after")).toBe(call("after"));
});

it("that the app dies of is answered by DAPS", async () => {
  answers = false;
  const daprd = await Peer.connect(scene.harness.port);
  daprd.send(probe());
  const app = await scene.app.accept();
  await app.expect("\r\n\r\n");
  app.socket.destroy();
  expect(await daprd.expect("\r\n\r\n")).toBe(HEALTHY);
  daprd.send(probe());
  expect(await daprd.expect("\r\n\r\n")).toBe(HEALTHY);
});

it("that finds the app's port closed is answered by DAPS", async () => {
  answers = false;
  const daprd = await Peer.connect(scene.harness.port);
  await scene.app.die();
  daprd.send(probe());
  expect(await daprd.expect("\r\n\r\n")).toBe(HEALTHY);
  expect(scene.harness.ledger.parked.call).toBe(0);
});

it("no other path is answered by DAPS", async () => {
  answers = true;
  const daprd = await Peer.connect(scene.harness.port);
  daprd.send(probe("/healthz/other"));
  const app = await scene.app.accept();
  expect(await app.expect("\r\n\r\n")).toBe(probe("/healthz/other"));
});
