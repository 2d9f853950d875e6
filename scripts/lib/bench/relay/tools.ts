/**
 * The programs that the bench runs: from Debian, from C sources of bench/load, and from a Go module.
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  cached,
  capture,
  ensureDebianPackages,
  ensureProgram,
  execute,
  key,
  repositoryRoot,
} from "../../toolchain/index.ts";

export type Tools = {
  readonly backend: string;
  readonly paced: string;
  readonly queueProxy: string;
};

/** What Debian 12 has: the load generators, the other proxy, a compiler, `unshare` and `ip`. */
const PACKAGES = ["haproxy", "wrk", "nghttp2-client", "gcc", "libc6-dev", "util-linux", "iproute2"];

const C_FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror"];

export async function ensureTools(): Promise<Tools> {
  await ensureDebianPackages(PACKAGES);
  return {
    backend: await compiled("backend"),
    paced: await compiled("paced"),
    queueProxy: join(await ensureProgram("queue-proxy"), "queue-proxy"),
  };
}

async function compiled(name: string): Promise<string> {
  const source = join(repositoryRoot, `bench/load/${name}.c`);
  const compiler = await capture("gcc", ["--version"]);
  const folder = await cached("bench", name, key(await readFile(source, "utf8"), C_FLAGS, compiler), async (place) => {
    await execute("gcc", [...C_FLAGS, "-o", join(place, name), source]);
  });
  return join(folder, name);
}
