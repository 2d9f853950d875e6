/**
 * Things that are made once per machine: programs, images. They live outside the checkout, under a name that changes
 * with whatever they were made from.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { withLock } from "./lock.ts";

/** The top of the checkout. */
export const repositoryRoot: string = resolve(import.meta.dirname, "../../..");

/** `$DAPS_CACHE`, else a folder of the user's cache. */
export function cacheFolder(): string {
  const { DAPS_CACHE, XDG_CACHE_HOME } = process.env;
  return resolve(DAPS_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "daps"));
}

/** A key that changes with any of the values. */
export function key(...values: unknown[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, 16);
}

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false);
}

/**
 * The folder `kind/name-key` of the cache. If it isn't there yet, `make` fills an empty folder, which is then moved into
 * its place as a whole: nobody ever sees half of it, and two processes do not make it twice.
 */
export async function cached(
  kind: string,
  name: string,
  key: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const place = join(cacheFolder(), kind, `${name}-${key}`);
  if (await exists(place)) return place;
  return await withLock(join(cacheFolder(), "locks", `${kind}-${name}.lock`), async () => {
    if (await exists(place)) return place;
    await mkdir(join(cacheFolder(), kind), { recursive: true });
    const folder = await mkdtemp(join(cacheFolder(), kind, `.${name}-`));
    try {
      await make(folder);
      await rename(folder, place);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return place;
  });
}
