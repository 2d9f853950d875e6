/** Certificates, and a folder that holds them as the kubelet mounts a secret. */
import { mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureDebianPackages, execute } from "../../../scripts/lib/toolchain/index.ts";

export type Pair = { readonly cert: string; readonly key: string };

// Instead of the machine's openssl.cnf, which may add extensions of its own.
const CONFIG = "[req]\ndistinguished_name = name\nprompt = no\n[name]\n";
const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** A certificate authority whose files lie in a folder. */
export class Authority {
  readonly #folder: string;
  #issued = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(folder: string): Promise<Authority> {
    await execute("openssl", ["version"]).catch(() => ensureDebianPackages(["openssl"]));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "openssl.cnf"), CONFIG);
    const authority = new Authority(folder);
    await authority.#request("ca", "/CN=test-ca", 3650, [], ["basicConstraints=critical,CA:TRUE"]);
    return authority;
  }

  async certificate(): Promise<string> {
    return await readFile(join(this.#folder, "ca.crt"), "utf8");
  }

  /** A serving certificate for localhost with a key of its own. */
  async issue(days = 30): Promise<Pair> {
    const name = `leaf-${++this.#issued}`;
    const signer = ["-CA", join(this.#folder, "ca.crt"), "-CAkey", join(this.#folder, "ca.key")];
    await this.#request(name, `/CN=${name}`, days, signer, [
      "basicConstraints=critical,CA:FALSE",
      "subjectAltName=DNS:localhost,IP:127.0.0.1",
    ]);
    const [cert, key] = await Promise.all(["crt", "key"].map((end) => readFile(join(this.#folder, `${name}.${end}`))));
    return { cert: String(cert), key: String(key) };
  }

  async #request(name: string, subject: string, days: number, signer: string[], extensions: string[]): Promise<void> {
    const file = (end: string): string => join(this.#folder, `${name}.${end}`);
    await execute("openssl", [
      ...["req", "-x509", "-config", join(this.#folder, "openssl.cnf"), ...EC, "-days", String(days)],
      ...["-subj", subject, ...signer, ...extensions.flatMap((extension) => ["-addext", extension])],
      ...["-keyout", file("key"), "-out", file("crt")],
    ]);
  }
}

/** Writes the pair as the kubelet does: into a new folder, to which the link `..data` is then turned at once. */
export async function mountSecret(folder: string, version: number, { cert, key }: Pair): Promise<void> {
  const target = `..version_${version}`;
  await mkdir(join(folder, target), { recursive: true });
  await writeFile(join(folder, target, "tls.crt"), cert);
  await writeFile(join(folder, target, "tls.key"), key);
  await symlink(target, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  if (version > 1) return;
  await symlink("..data/tls.crt", join(folder, "tls.crt"));
  await symlink("..data/tls.key", join(folder, "tls.key"));
}
