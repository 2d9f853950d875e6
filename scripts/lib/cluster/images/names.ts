/**
 * The names of the images that are built here. They are full names, so that nobody asks a registry for them.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { moduleVersion, repositoryRoot } from "../../toolchain/index.ts";

// What nobody refers to by version carries none: their manifests are plain files.
export const PAUSE_IMAGE = "docker.io/daps/pause:local";
export const COREDNS_IMAGE = "docker.io/daps/coredns:local";
export const CERT_MANAGER_IMAGE = "docker.io/daps/cert-manager:local";
export const KEDA_IMAGE = "docker.io/daps/keda:local";

/** Dapr's control plane and daprd in one. */
export async function daprImage(): Promise<string> {
  return `docker.io/daps/dapr:${(await moduleVersion("dapr", "github.com/dapr/dapr")).slice(1)}`;
}

export async function denoBaseImage(): Promise<string> {
  return `docker.io/daps/deno-base:${await denoVersion()}`;
}

export async function denoVersion(): Promise<string> {
  const file = join(repositoryRoot, "node_modules/deno/package.json");
  return (JSON.parse(await readFile(file, "utf8")) as { version: string }).version;
}

/** What a Dockerfile or a chart calls `daps:0.1.0` goes by this name in containerd. */
export function fullImageName(name: string): string {
  const [first = "", ...rest] = name.split("/");
  if (rest.length === 0) return `docker.io/library/${name}`;
  return first.includes(".") || first.includes(":") || first === "localhost" ? name : `docker.io/${name}`;
}
