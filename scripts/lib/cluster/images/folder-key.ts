/**
 * Whether a folder's contents have changed.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { key } from "../../toolchain/index.ts";

/** A key that changes with any file's name or contents. */
export async function folderKey(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
  const hashes = files.map(async (file) => createHash("sha256").update(await readFile(file)).digest("hex"));
  return key(files.map((file) => file.slice(folder.length)), await Promise.all(hashes));
}
