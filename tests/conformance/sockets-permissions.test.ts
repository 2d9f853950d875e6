/** The sidecar's sockets under the permissions that a pod gives it: Deno allows some calls only with wider ones. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { LIBC_PATHS } from "../../services/core/sidecar-config.ts";

const ROOT = join(import.meta.dirname, "../..");

it("the C library's calls do with the permission for that library alone", async () => {
  const { stdout } = await promisify(execFile)(join(ROOT, "node_modules/.bin/deno"), [
    ...["run", "--no-prompt", `--allow-ffi=${LIBC_PATHS.join(",")}`, "--allow-net=127.0.0.1", "--allow-read"],
    "tests/conformance/narrow-sockets.ts",
  ], { cwd: ROOT, timeout: 15_000 });
  expect(JSON.parse(stdout)).toEqual({ kind: "epoll", count: 1, left: null, refused: "ECONNREFUSED" });
});
