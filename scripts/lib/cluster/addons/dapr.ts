/**
 * Dapr, by its own Helm chart: sentry, the operator and the sidecar injector; placement and the scheduler if asked for.
 *
 * @module
 */
import { join } from "node:path";
import { moduleFolder, moduleVersion, progress } from "../../toolchain/index.ts";
import { daprArchive, daprImage } from "../images/index.ts";
import type { Cluster } from "../index.ts";

const MODULE = "github.com/dapr/dapr";
const REPOSITORY = "https://dapr.github.io/helm-charts";
const NAMESPACE = "dapr-system";

export interface DaprOptions {
  /**
   * Whether actors, reminders and jobs work: with the placement server and the three scheduler servers, which are four
   * pods more. Default false.
   */
  actors?: boolean;
  /** Added to the chart's values, and taken over the ones set here; as in `{ "global.logAsJson": true }`. */
  values?: Record<string, string | number | boolean>;
}

/** Installs Dapr and waits until it is ready; installed already, it is brought to this version and these values. */
export async function installDapr(cluster: Cluster, { actors = false, values = {} }: DaprOptions = {}): Promise<void> {
  const version = (await moduleVersion("dapr", MODULE)).slice(1);
  // Building says its own progress.
  const tar = cluster.provider === "local" ? await daprArchive() : undefined;
  await progress("installing Dapr", async () => {
    if (tar !== undefined) await cluster.loadImage(tar);
    const chart = tar === undefined
      ? ["dapr", "--repo", REPOSITORY, "--version", version]
      : [join(await moduleFolder("dapr", MODULE), "charts/dapr")];
    const settings = {
      "global.actors.enabled": actors,
      "global.scheduler.enabled": actors,
      // Else it takes volumes of a storage class.
      "dapr_scheduler.cluster.inMemoryStorage": true,
      ...(tar === undefined ? {} : await builtImages()),
      ...values,
    };
    await cluster.helm([
      ...["upgrade", "--install", "dapr", ...chart, "--namespace", NAMESPACE, "--create-namespace"],
      ...["--wait", "--timeout", "5m"],
      ...Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
    ]);
  });
}

/** One image holds all of Dapr's programs. The chart takes a name with a slash for a full one. */
async function builtImages(): Promise<Record<string, string>> {
  const image = await daprImage();
  const names = [
    "dapr_operator.image.name",
    "dapr_placement.image.name",
    "dapr_scheduler.image.name",
    "dapr_sentry.image.name",
    "dapr_sidecar_injector.injectorImage.name",
    "dapr_sidecar_injector.image.name",
  ];
  return { "global.imagePullPolicy": "IfNotPresent", ...Object.fromEntries(names.map((name) => [name, image])) };
}
