/**
 * The two runtimes that the sources run on, both from the npm packages that package-lock.json pins.
 * @module
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { repositoryRoot } from "../toolchain/index.ts";

export type Runtime = "Node" | "Deno";

const MODULES = join(repositoryRoot, "node_modules");
const VITEST = join(MODULES, "vitest/vitest.mjs");

/**
 * Deno's own binary, not the npm package's launcher: a signal then reaches it.
 *
 * @throws {Error} where npm found no Deno for this machine
 */
export function deno(): string {
  const packages = readdirSync(join(MODULES, "@deno"), { withFileTypes: true }).map(({ name }) => name);
  if (packages.length !== 1) {
    throw new Error(
      `Cannot tell which Deno to run as npm installs one for the machine's own kind: received ${
        packages.join(", ") || "none"
      } for ${process.platform}-${process.arch}`,
    );
  }
  return join(MODULES, "@deno", packages[0] ?? "", process.platform === "win32" ? "deno.exe" : "deno");
}

/** The command that runs vitest on a runtime, up to vitest's own arguments. */
export function vitest(runtime: Runtime): [string, ...string[]] {
  if (runtime === "Deno") return [deno(), "run", "--allow-all", VITEST, "run", "--pool=forks"];
  return [process.execPath, VITEST, "run"];
}

/** A program that an npm package installs. */
export function program(name: string): string {
  return join(MODULES, ".bin", name);
}
