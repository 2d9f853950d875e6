/**
 * The users that a program finds in its image.
 *
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The user of the images; numeric, as `runAsNonRoot` asks for. */
export const NONROOT = "65532:65532";

/** Some programs refuse to run as a user that they cannot look up. */
export async function writeUsers(root: string): Promise<void> {
  await mkdir(join(root, "etc"), { recursive: true });
  await writeFile(join(root, "etc/passwd"), "root:x:0:0::/:/none\nnonroot:x:65532:65532::/:/none\n");
  await writeFile(join(root, "etc/group"), "root:x:0:\nnonroot:x:65532:\n");
}
