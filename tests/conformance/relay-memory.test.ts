/** How much a relay grows while 256 MB pass it each way, to readers that are slow. */
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LIBC_PATHS } from "../../services/core/sidecar-config.ts";
import { startRelayChild } from "./relay-child.ts";
import { delivery, Peer, RawApp } from "./relay-harness.ts";

const MIB = 1024 * 1024;
const SIZE = 256 * MIB;
/** Seen: 11 MiB on Deno, 31 to 56 on Node, whose sockets allocate for each read. */
const BOUND_MIB = 96;
/** How slow the readers are, in turns of the event loop for each 64 KiB. */
const TURNS = 2;

/** No more than a pod's sidecar has for its sockets: see `sidecarCommand`. */
const PERMISSIONS = ["--allow-net=127.0.0.1", `--allow-ffi=${LIBC_PATHS.join(",")}`];

let app: RawApp;

beforeEach(async () => {
  app = new RawApp();
  await app.listen();
});

afterEach(() => app.die());

/** Passes both bodies. @returns by how many MiB the resident memory of the process grew at most */
async function growth(kind: "relay" | "greedy"): Promise<number> {
  await using child = await startRelayChild(kind, app.port, PERMISSIONS);
  const residentMib = async (line: "VmRSS" | "VmHWM") => {
    const status = await readFile(`/proc/${child.pid}/status`, "latin1");
    return Number(new RegExp(`^${line}:\\s+(\\d+) kB$`, "m").exec(status)![1]) / 1024;
  };
  const before = await residentMib("VmRSS");
  const daprd = await Peer.connect(child.ports[0]!);
  daprd.send(delivery("").replace("Content-Length: 0", `Content-Length: ${SIZE}`));
  const upstream = await app.accept();
  await upstream.expect("\r\n\r\n");
  upstream.socket.pause();
  daprd.flood(SIZE);
  // Nobody reads yet: only one that takes without giving lets this end.
  if (kind === "greedy") await new Promise((resolve) => daprd.socket.write("", resolve));
  await upstream.crawl(SIZE, TURNS);
  const answerHead = `HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`;
  const downloaded = daprd.crawl(answerHead.length + SIZE, TURNS);
  upstream.send(answerHead);
  upstream.flood(SIZE);
  await downloaded;
  daprd.socket.destroy();
  return await residentMib("VmHWM") - before;
}

it("is bounded", async () => {
  expect(await growth("relay")).toBeLessThan(BOUND_MIB);
}, 60_000);

it("is not where nobody holds the sender back", async () => {
  expect(await growth("greedy")).toBeGreaterThan(BOUND_MIB);
}, 60_000);
