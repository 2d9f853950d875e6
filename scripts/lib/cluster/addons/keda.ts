/**
 * KEDA: the operator, which scales between none and one, and the metrics adapter, from which Kubernetes's own autoscaler
 * has what it needs for more. It takes cert-manager.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { moduleFolder, moduleVersion, progress } from "../../toolchain/index.ts";
import { kedaArchive } from "../images/index.ts";
import type { Cluster } from "../index.ts";

const MODULE = "github.com/kedacore/keda/v2";
const REPOSITORY = "https://kedacore.github.io/charts";
const NAMESPACE = "keda";
const MANIFEST = join(import.meta.dirname, "../manifests/keda.yaml");
const METRICS = "v1beta1.external.metrics.k8s.io";

/** Installs KEDA and waits until it works; installed already, it is brought to this version. */
export async function installKeda(cluster: Cluster): Promise<void> {
  // Building says its own progress.
  const tar = cluster.provider === "local" ? await kedaArchive() : undefined;
  await progress("installing KEDA", async () => {
    if (tar === undefined) await installChart(cluster);
    else await installBuilt(cluster, tar);
    await cluster.kubectl(["wait", "--for=condition=Available", "--timeout=120s", `apiservice/${METRICS}`]);
  });
}

async function installBuilt(cluster: Cluster, tar: string): Promise<void> {
  const crds = join(await moduleFolder("keda", MODULE), "config/crd/bases");
  await Promise.all([
    cluster.loadImage(tar),
    cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", crds]),
  ]);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", crds]);
  await cluster.apply(await readFile(MANIFEST, "utf8"));
  for (const name of ["keda-operator", "keda-metrics-apiserver"]) {
    await cluster.kubectl(["rollout", "status", `deployment/${name}`, `--namespace=${NAMESPACE}`, "--timeout=120s"]);
  }
}

async function installChart(cluster: Cluster): Promise<void> {
  const version = (await moduleVersion("keda", MODULE)).slice(1);
  await cluster.helm([
    ...["upgrade", "--install", "keda", "keda", "--repo", REPOSITORY, "--version", version],
    ...["--namespace", NAMESPACE, "--create-namespace", "--wait", "--timeout", "5m"],
  ]);
}
