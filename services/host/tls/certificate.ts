/**
 * A serving certificate and its key, as a `kubernetes.io/tls` secret mounts them.
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

export type Certificate = {
  /** PEM, with intermediates if there are any. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** When the serving certificate expires. */
  readonly expires: Date;
};

/**
 * Reads `tls.crt` and `tls.key` of a folder. The kubelet changes a mounted secret by turning the link `..data` to a new
 * folder, so both files are read through one reading of that link: they are always of the same version.
 *
 * @throws {Error} when a file is missing or unreadable, or key and certificate do not belong together
 */
export async function readCertificate(folder: string): Promise<Certificate> {
  const version = await readlink(join(folder, "..data")).catch(() => ".");
  const [cert, key] = await Promise.all([
    readFile(join(folder, version, "tls.crt"), "utf8"),
    readFile(join(folder, version, "tls.key"), "utf8"),
  ]);
  const { validTo } = check(folder, cert, key);
  return { cert, key, expires: new Date(validTo) };
}

function check(folder: string, cert: string, key: string): X509Certificate {
  let parsed: X509Certificate;
  let matches: boolean;
  try {
    parsed = new X509Certificate(cert);
    matches = parsed.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new Error(`Cannot use the certificate in ${folder} as it is not valid PEM: received ${cert.length} bytes`, {
      cause: error,
    });
  }
  if (!matches) throw new Error(`Cannot use the certificate in ${folder} as its key is another one's`);
  return parsed;
}
