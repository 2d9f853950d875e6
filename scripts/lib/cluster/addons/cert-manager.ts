/**
 * cert-manager: the controllers that issue certificates and write CA bundles into webhook configurations.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { moduleFolder, moduleVersion, progress } from "../../toolchain/index.ts";
import { certManagerArchive } from "../images/index.ts";
import type { Cluster } from "../index.ts";

const MODULE = "github.com/cert-manager/cert-manager";
const CHART = "oci://quay.io/jetstack/charts/cert-manager";
const NAMESPACE = "cert-manager";
const MANIFEST = join(import.meta.dirname, "../manifests/cert-manager.yaml");

/** Installs cert-manager and waits until it works; installed already, it is brought to this version. */
export async function installCertManager(cluster: Cluster): Promise<void> {
  const install = cluster.provider === "kind" ? installChart : installBuilt;
  // Building says its own progress.
  if (cluster.provider === "local") await certManagerArchive();
  await progress("installing cert-manager", () => install(cluster));
}

async function installBuilt(cluster: Cluster): Promise<void> {
  const crds = join(await moduleFolder("cert-manager", MODULE), "deploy/crds");
  await Promise.all([
    cluster.loadImage(await certManagerArchive()),
    cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", crds]),
  ]);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", crds]);
  await cluster.apply(await readFile(MANIFEST, "utf8"));
  for (const name of ["cert-manager", "cert-manager-cainjector"]) {
    await cluster.kubectl(["rollout", "status", `deployment/${name}`, `--namespace=${NAMESPACE}`, "--timeout=120s"]);
  }
}

async function installChart(cluster: Cluster): Promise<void> {
  const version = await moduleVersion("cert-manager", MODULE);
  await cluster.helm([
    ...["upgrade", "--install", "cert-manager", CHART, "--version", version],
    ...["--namespace", NAMESPACE, "--create-namespace", "--set", "crds.enabled=true", "--wait", "--timeout", "5m"],
  ]);
}
