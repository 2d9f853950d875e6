/**
 * The cluster's certificates and the kubeconfig files made of them.
 *
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execute } from "../../toolchain/index.ts";
import { API_SERVER, KUBERNETES_SERVICE_IP, type Layout, NODE_IP } from "./layout.ts";

const DAYS = "3650";
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
// Instead of the machine's openssl.cnf, which may add extensions of its own.
const CONFIG = "[req]\ndistinguished_name = name\nprompt = no\n[name]\n";

/** Everybody who shows a certificate; user names and groups are those that Kubernetes's own RBAC rules know. */
const holders = (node: string): Record<string, { subject: string; names: string[] }> => ({
  apiserver: {
    subject: "/CN=kube-apiserver",
    names: [
      "DNS:kubernetes",
      "DNS:kubernetes.default",
      "DNS:kubernetes.default.svc",
      "DNS:kubernetes.default.svc.cluster.local",
      "DNS:localhost",
      `IP:${KUBERNETES_SERVICE_IP}`,
      `IP:${NODE_IP}`,
      "IP:127.0.0.1",
    ],
  },
  admin: { subject: "/O=system:masters/CN=admin", names: ["DNS:admin"] },
  "controller-manager": { subject: "/CN=system:kube-controller-manager", names: ["DNS:controller-manager"] },
  scheduler: { subject: "/CN=system:kube-scheduler", names: ["DNS:scheduler"] },
  proxy: { subject: "/CN=system:kube-proxy", names: ["DNS:proxy"] },
  "front-proxy": { subject: "/CN=front-proxy-client", names: ["DNS:front-proxy-client"] },
  kubelet: {
    subject: `/O=system:nodes/CN=system:node:${node}`,
    names: [`DNS:${node}`, `IP:${NODE_IP}`, "IP:127.0.0.1"],
  },
});

/** Writes a CA, `NAME.crt` and `NAME.key` for everybody, and `NAME.kubeconfig` for those who call the API server. */
export async function createPki({ pki, name, kubeconfig }: Layout): Promise<void> {
  await mkdir(pki, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(pki, name);
  await writeFile(file("openssl.cnf"), CONFIG);
  const request = (of: string, subject: string, extensions: string[], signer: string[]) =>
    execute("openssl", [
      ...["req", "-x509", "-config", file("openssl.cnf"), ...KEY, "-days", DAYS, "-subj", subject, ...signer],
      ...extensions.flatMap((extension) => ["-addext", extension]),
      ...["-keyout", file(`${of}.key`), "-out", file(`${of}.crt`)],
    ]);

  await request("ca", `/CN=${name}-ca`, ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"], []);
  const signer = ["-CA", file("ca.crt"), "-CAkey", file("ca.key")];
  await Promise.all([
    execute("openssl", ["genrsa", "-out", file("service-account.key"), "2048"]),
    ...Object.entries(holders(name)).map(([of, { subject, names }]) =>
      request(of, subject, [
        "basicConstraints=critical,CA:FALSE",
        "extendedKeyUsage=serverAuth,clientAuth",
        `subjectAltName=${names.join(",")}`,
      ], signer)
    ),
  ]);

  for (const user of ["admin", "controller-manager", "scheduler", "proxy", "kubelet"]) {
    const data = async (name: string) => (await readFile(file(name))).toString("base64");
    const text = JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server: API_SERVER, "certificate-authority-data": await data("ca.crt") } }],
      users: [{
        name: user,
        user: {
          "client-certificate-data": await data(`${user}.crt`),
          "client-key-data": await data(`${user}.key`),
        },
      }],
      contexts: [{ name, context: { cluster: name, user } }],
      "current-context": name,
    });
    await writeFile(file(`${user}.kubeconfig`), text, { mode: 0o600 });
    if (user === "admin") await writeFile(kubeconfig, text, { mode: 0o600 });
  }
}
