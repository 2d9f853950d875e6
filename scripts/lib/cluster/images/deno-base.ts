/**
 * The root folder of an image that runs Deno and nothing else but an init, where Deno's own image has it: no shell, no
 * package manager, nothing writable.
 *
 * @module
 */
import { chmod, copyFile, mkdir, readdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { execute, repositoryRoot, updatePackageLists } from "../../toolchain/index.ts";
import { writeUsers } from "./users.ts";

const DENO = join(repositoryRoot, "node_modules/@deno/linux-x64-glibc/deno");
/** What the `deno` binary is linked to, and the init. */
const PACKAGES = ["libc6", "libgcc-s1", "tini"];

export async function fillDenoBase(root: string): Promise<void> {
  const packages = join(root, ".packages");
  await mkdir(packages);
  await updatePackageLists();
  // As root apt fetches as another user, who cannot write to a folder of root's.
  await execute("apt-get", ["--quiet", "-o", "APT::Sandbox::User=root", "download", ...PACKAGES], { cwd: packages });
  for (const file of await readdir(packages)) await execute("dpkg", ["-x", join(packages, file), root]);
  await rm(packages, { recursive: true });
  await rename(join(root, "usr/bin/tini"), join(root, "tini"));
  await rm(join(root, "usr"), { recursive: true, force: true });

  await mkdir(join(root, "bin"), { recursive: true });
  await copyFile(DENO, join(root, "bin/deno"));
  await chmod(join(root, "bin/deno"), 0o755);
  await mkdir(join(root, "usr/bin"), { recursive: true });
  await symlink("/bin/deno", join(root, "usr/bin/deno"));
  await writeUsers(root);
}
