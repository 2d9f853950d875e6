/** The relay between curl, with nghttp2 in it, and an app of `node:http2`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { beforeAll, expect, it } from "vitest";
import { capture, ensureDebianPackages } from "../../scripts/lib/toolchain/index.ts";
import { type Arrived, stage } from "./http2-harness.ts";

const scene = stage();

/** curl's exit code for a stream that ended with an error. */
const HTTP2_STREAM = 92;

beforeAll(async () => {
  await capture("curl", ["--version"]).catch(() => ensureDebianPackages(["curl"]));
}, 120_000);

/** What curl wrote. One request: the second one over a connection is more than the curl of Debian 12 can, to any server. */
async function curl(
  path: string,
  args: readonly string[],
  { body = Buffer.alloc(0), code = 0 } = {},
): Promise<Buffer> {
  const url = `http://127.0.0.1:${scene.harness.port}${path}`;
  const child = spawn("curl", ["--http2-prior-knowledge", "--silent", "--show-error", ...args, url], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(body);
  expect(await once(child, "close")).toEqual([code, null]);
  return Buffer.concat(chunks);
}

async function mirror(arrived: Arrived): Promise<void> {
  await scene.app.until(() => arrived.ended);
  const length = arrived.body.length;
  arrived.stream.respond({ ":status": 201, "x-length": `${length}` }, { waitForTrailers: true });
  arrived.stream.on("wantTrailers", () => arrived.stream.sendTrailers({ "x-checksum": "7" }));
  arrived.stream.end(arrived.body);
}

it.each([0, 1000, 3_000_000])("carries %i bytes there and back, with head and trailers", async (size) => {
  const body = Buffer.alloc(size, "Vogel Quax zwickt ");
  const answered = curl("/mirror", ["--include", "--data-binary", "@-", "--header", "x-asked: why"], { body });
  const arrived = await scene.app.expect("/mirror");
  expect(arrived.headers).toMatchObject({ ":method": "POST", "x-asked": "why" });
  await mirror(arrived);
  const text = (await answered).toString("latin1");
  expect(text).toMatch(/^HTTP\/2 201/);
  expect(text).toContain(`x-length: ${size}`);
  expect(text).toContain("x-checksum: 7");
  expect(text).toContain(body.toString("latin1"));
});

it("carries a reset, with its code", async () => {
  const answered = curl("/short", ["--data-binary", "asked"], { code: HTTP2_STREAM });
  const { stream } = await scene.app.expect("/short");
  stream.close(8);
  expect(String(await answered)).toBe("");
});
