/**
 * What can be installed into a cluster, by name.
 *
 * @module
 */
import type { Cluster } from "../index.ts";
import { installCertManager } from "./cert-manager.ts";
import { installDapr } from "./dapr.ts";
import { installKeda } from "./keda.ts";

export { installCertManager } from "./cert-manager.ts";
export { type DaprOptions, installDapr } from "./dapr.ts";
export { installKeda } from "./keda.ts";

const addons: Record<string, (cluster: Cluster) => Promise<void>> = {
  "cert-manager": installCertManager,
  dapr: (cluster) => installDapr(cluster),
  "dapr-actors": (cluster) => installDapr(cluster, { actors: true }),
  keda: installKeda,
};

export const addonNames: string[] = Object.keys(addons);

export async function installAddon(cluster: Cluster, name: string): Promise<void> {
  const install = addons[name];
  if (install === undefined) {
    throw new TypeError(`Cannot install an add-on as it must be one of ${addonNames.join(", ")}: received ${name}`);
  }
  await install(cluster);
}
