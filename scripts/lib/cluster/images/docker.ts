/**
 * Images by a Docker engine, for clusters of kind.
 *
 * @module
 */
import { execute } from "../../toolchain/index.ts";

/** Builds a Dockerfile on the base image that it names, and writes a docker-archive with its image. */
export async function dockerArchive(dockerfile: string, context: string, tag: string, tar: string): Promise<void> {
  await execute("docker", ["build", "--quiet", "--file", dockerfile, "--tag", tag, context]);
  await execute("docker", ["save", "--output", tar, tag]);
}
