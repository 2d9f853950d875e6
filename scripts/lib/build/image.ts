/**
 * The image of DAPS for a cluster of ours, built from the Dockerfile on the local Deno base.
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../../package.json" with { type: "json" };
import { buildDapsImage } from "../cluster/images/index.ts";
import { repositoryRoot } from "../toolchain/index.ts";
import { writeBundle } from "./bundle.ts";

/** What the chart installs by default. */
export const DAPS_IMAGE: string = `daps:${manifest.version}`;

/** The path of a docker-archive with the image `tag`; it is built only if something that it is made of has changed. */
export async function dapsArchive(tag: string = DAPS_IMAGE): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), "daps-image-"));
  try {
    await writeBundle(join(context, "dist"));
    return await buildDapsImage({ dockerfile: join(repositoryRoot, "Dockerfile"), context, tag });
  } finally {
    await rm(context, { recursive: true });
  }
}
