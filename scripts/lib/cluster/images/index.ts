/**
 * The images of a local cluster, as docker-archive files in the cache. Each function gives the file's path and builds
 * it when something that it is made of has changed.
 *
 * @module
 */
import { cp, mkdir, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cached, ensureProgram, key, programBinaries, type ProgramName, progress } from "../../toolchain/index.ts";
import { archiveFromDockerfile, archiveFromFolder, type ImageConfig } from "./buildah.ts";
import { providerInUse, type ProviderName } from "../provider.ts";
import { fillDenoBase } from "./deno-base.ts";
import { dockerArchive } from "./docker.ts";
import { folderKey } from "./folder-key.ts";
import {
  CERT_MANAGER_IMAGE,
  COREDNS_IMAGE,
  daprImage,
  denoBaseImage,
  fullImageName,
  KEDA_IMAGE,
  PAUSE_IMAGE,
} from "./names.ts";
import { NONROOT, writeUsers } from "./users.ts";

export { CERT_MANAGER_IMAGE, COREDNS_IMAGE, daprImage, denoBaseImage, fullImageName, PAUSE_IMAGE } from "./names.ts";

const KEPT = 5;

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

/** The operator and the metrics adapter, neither of which is the entrypoint. */
export async function kedaArchive(): Promise<string> {
  return await programArchive("keda", KEDA_IMAGE, [], { user: NONROOT });
}

/** Dapr's chart and its injector say which of the programs to run, so the image has no entrypoint. */
export async function daprArchive(): Promise<string> {
  const links = ["daprd", "injector", "operator", "placement", "scheduler", "sentry"];
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
  /** By default that of the cluster in which this program runs. */
  provider?: ProviderName;
}

/**
 * Builds a Dockerfile that starts `FROM` its `ARG BASE_IMAGE`: on the local Deno base, or with Docker on the image that
 * the Dockerfile names where the clusters are kind's.
 */
export async function buildDapsImage(
  { dockerfile, context, tag, provider = providerInUse() }: DapsImage,
): Promise<string> {
  if (provider === "kind") {
    const inputs = key(tag, await readFile(dockerfile, "utf8"), await folderKey(context));
    return await archive(`docker-${fileName(tag)}`, inputs, (tar) => dockerArchive(dockerfile, context, tag, tar));
  }
  const base = await denoBaseArchive();
  const name = fullImageName(tag);
  const inputs = key(name, base, await readFile(dockerfile, "utf8"), await folderKey(context));
  const build = { dockerfile, context, base, name };
  return await archive(fileName(tag), inputs, (tar) => archiveFromDockerfile(build, tar));
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
    for (const binary of programBinaries(program)) await cp(join(folder, binary), join(work, binary));
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
  await removeOlder(folder);
  return join(folder, "image.tar");
}

/** Of each image the newest few are kept: branches that are worked on in turn find theirs again. */
async function removeOlder(place: string): Promise<void> {
  const [folder, own] = [dirname(place), basename(place)];
  const stem = own.slice(0, own.lastIndexOf("-"));
  const alike = (await readdir(folder)).filter((name) => name.slice(0, name.lastIndexOf("-")) === stem && name !== own);
  const dated = await Promise.all(alike.map(async (name) => {
    const path = join(folder, name);
    return { path, time: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
  }));
  const old = dated.sort((one, other) => other.time - one.time).slice(KEPT - 1);
  for (const { path } of old) await rm(path, { recursive: true, force: true });
}

function fileName(tag: string): string {
  return tag.replace(/[^a-z0-9.]+/gi, "-");
}
