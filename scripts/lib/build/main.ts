/**
 * Writes the bundle to dist/, for `docker build .`.
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { repositoryRoot } from "../toolchain/index.ts";
import { writeBundle } from "./bundle.ts";

for (const { name, bytes } of await writeBundle(join(repositoryRoot, "dist"))) {
  process.stdout.write(`dist/${name} ${bytes} bytes\n`);
}
