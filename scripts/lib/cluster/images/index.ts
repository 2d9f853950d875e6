/**
 * The images of a local cluster, as docker-archive files in the cache. Each function gives the file's path and builds
 * it when something that it is made of has changed.
 *
 * @module
 */
import { cp, mkdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { cached, ensureProgram, key, type ProgramName, progress } from "../../toolchain/index.ts";
import { archiveFromDockerfile, archiveFromFolder, type DockerfileBuild, type ImageConfig } from "./buildah.ts";
import { fillDenoBase } from "./deno-base.ts";
import { folderKey } from "./folder-key.ts";
import { CERT_MANAGER_IMAGE, COREDNS_IMAGE, daprImage, denoBaseImage, fullImageName, PAUSE_IMAGE } from "./names.ts";
import { NONROOT, writeUsers } from "./users.ts";

export { CERT_MANAGER_IMAGE, COREDNS_IMAGE, daprImage, denoBaseImage, fullImageName, PAUSE_IMAGE } from "./names.ts";

export async function pauseArchive(): Promise<string> {
  return await programArchive("pause", PAUSE_IMAGE, [], { entrypoint: ["/pause"], user: NONROOT });
}

export async function corednsArchive(): Promise<string> {
  // As root: it listens on port 53, which restricted pods of older kernels may not.
  return await programArchive("coredns", COREDNS_IMAGE, [], { entrypoint: ["/coredns"] });
}

export async function certManagerArchive(): Promise<string> {
  return await programArchive("cert-manager", CERT_MANAGER_IMAGE, ["controller", "cainjector"], { user: NONROOT });
}

/** Dapr's chart and its injector say which of the programs to run, so the image has no entrypoint. */
export async function daprArchive(): Promise<string> {
  const links = ["daprd", "injector", "operator", "sentry"];
  return await programArchive("dapr", await daprImage(), links, { user: NONROOT });
}

/** Debian's C library and Deno, for what is built on `ARG BASE_IMAGE`. */
export async function denoBaseArchive(): Promise<string> {
  const name = await denoBaseImage();
  const recipe = await readFile(join(import.meta.dirname, "deno-base.ts"), "utf8");
  return await archive("deno-base", key(name, recipe), async (tar, work) => {
    await fillDenoBase(work);
    const env = { PATH: "/usr/bin:/bin", DENO_NO_UPDATE_CHECK: "1" };
    await archiveFromFolder(name, work, { entrypoint: ["/bin/deno"], user: NONROOT, env }, tar);
  });
}

export interface DapsImage {
  dockerfile: string;
  /** The folder that the Dockerfile copies from. */
  context: string;
  /** As in `daps:0.1.0`. */
  tag: string;
}

/** Builds a Dockerfile that starts `FROM` its `ARG BASE_IMAGE` on the local Deno base. */
export async function buildDapsImage({ dockerfile, context, tag }: DapsImage): Promise<string> {
  const [base, baseTar] = await Promise.all([denoBaseImage(), denoBaseArchive()]);
  const name = fullImageName(tag);
  const build: DockerfileBuild = { dockerfile, context, base: { tar: baseTar, name: base }, name };
  const inputs = key(name, baseTar, await readFile(dockerfile, "utf8"), await folderKey(context));
  return await archive(tag.replace(/[^a-z0-9.]+/gi, "-"), inputs, (tar) => archiveFromDockerfile(build, tar));
}

async function programArchive(
  program: ProgramName,
  name: string,
  links: string[],
  config: ImageConfig,
): Promise<string> {
  const folder = await ensureProgram(program);
  // The program's folder carries the key of what it was built from.
  return await archive(program, key(name, folder, links, config), async (tar, work) => {
    await cp(join(folder, program), join(work, program));
    for (const link of links) await symlink(program, join(work, link));
    await writeUsers(work);
    await archiveFromFolder(name, work, config, tar);
  });
}

async function archive(
  name: string,
  inputs: string,
  build: (tar: string, work: string) => Promise<void>,
): Promise<string> {
  const folder = await cached("images", name, inputs, (place) =>
    progress(`building the image ${name}`, async () => {
      const work = join(place, ".work");
      await mkdir(work, { mode: 0o755 });
      await build(join(place, "image.tar"), work);
      await rm(work, { recursive: true });
    }));
  return join(folder, "image.tar");
}
