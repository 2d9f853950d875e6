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

/** The load generators, the other proxy, `unshare` and `ip`. */
const PACKAGES = ["haproxy", "wrk", "nghttp2-client", "util-linux", "iproute2"];
const COMPILER = ["gcc", "libc6-dev"];

const C_FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror"];

export async function ensureTools(): Promise<Tools> {
  await ensureDebianPackages(PACKAGES);
  return {
    ...await ensureLoad(),
    queueProxy: join(await ensureProgram("queue-proxy"), "queue-proxy"),
  };
}

/** The load generator and the app of bench/load. */
export async function ensureLoad(): Promise<Pick<Tools, "backend" | "paced">> {
  await ensureDebianPackages(COMPILER);
  return { backend: await compiled("backend"), paced: await compiled("paced") };
}

async function compiled(name: string): Promise<string> {
  const source = join(repositoryRoot, `bench/load/${name}.c`);
  const compiler = await capture("gcc", ["--version"]);
  const folder = await cached("bench", name, key(await readFile(source, "utf8"), C_FLAGS, compiler), async (place) => {
    await execute("gcc", [...C_FLAGS, "-o", join(place, name), source]);
  });
  return join(folder, name);
}
