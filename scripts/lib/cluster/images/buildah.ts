/**
 * Images without a container engine: buildah, with a storage of its own in the cache.
 *
 * @module
 */
import { join } from "node:path";
import { cacheFolder, capture, ensureDebianPackages, execute } from "../../toolchain/index.ts";

export interface ImageConfig {
  /** Left out where the one who runs the image says what to run. */
  entrypoint?: string[];
  /** Numeric, as `runAsNonRoot` asks for. */
  user?: string;
  env?: Record<string, string>;
}

/** Writes a docker-archive with an image whose one layer is a folder's contents. */
export async function archiveFromFolder(name: string, folder: string, config: ImageConfig, tar: string): Promise<void> {
  await ensureDebianPackages(["buildah"]);
  const container = await capture("buildah", [...storage(), "from", "scratch"]);
  try {
    await buildah("copy", "--quiet", container, folder, "/");
    await buildah(
      "config",
      ...(config.entrypoint === undefined ? [] : ["--entrypoint", JSON.stringify(config.entrypoint)]),
      ...(config.user === undefined ? [] : ["--user", config.user]),
      ...Object.entries(config.env ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      container,
    );
    await buildah("commit", "--quiet", container, name);
  } finally {
    await buildah("rm", container);
  }
  await saveArchive(name, tar);
}

export interface DockerfileBuild {
  dockerfile: string;
  /** The folder that the Dockerfile copies from. */
  context: string;
  /** A docker-archive with the image that `ARG BASE_IMAGE` is set to. */
  base: string;
  name: string;
}

/** Builds a Dockerfile for real, and writes a docker-archive with its image. */
export async function archiveFromDockerfile(build: DockerfileBuild, tar: string): Promise<void> {
  await ensureDebianPackages(["buildah"]);
  const { dockerfile, context, base, name } = build;
  const from = ["--build-arg", `BASE_IMAGE=docker-archive:${base}`];
  await buildah("bud", "--quiet", "--isolation=chroot", ...from, "--file", dockerfile, "--tag", name, context);
  await saveArchive(name, tar);
}

/** The archive is what lasts: in the storage each image would take its whole size once more. */
async function saveArchive(name: string, tar: string): Promise<void> {
  await buildah("push", "--quiet", name, `docker-archive:${tar}:${name}`);
  await buildah("rmi", name);
}

/** vfs is the one storage driver that works whatever the cache's file system is. */
function storage(): string[] {
  const root = join(cacheFolder(), "buildah");
  return ["--storage-driver", "vfs", "--root", join(root, "root"), "--runroot", join(root, "run")];
}

async function buildah(...args: string[]): Promise<void> {
  await execute("buildah", [...storage(), ...args]);
}
