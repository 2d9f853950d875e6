/**
 * A cluster with all in it that a user of DAPS has, and DAPS as a user installs it.
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { dapsArchive } from "../build/image.ts";
import { installCertManager, installDapr } from "../cluster/addons/index.ts";
import { type Cluster, openCluster } from "../cluster/index.ts";
import { progress, repositoryRoot } from "../toolchain/index.ts";

/** Says to a program that was started again that there is nothing left to set up. */
const SET_UP = "DAPS_SET_UP";

/**
 * Brings up the cluster of a name, by default the one called daps, and installs everything. A program outside of the
 * cluster's network is then started again inside of it, where it comes here once more: the network has no uplink, so
 * what is not there by then can't be had.
 */
export async function enterCluster(name: string | undefined): Promise<Cluster> {
  const cluster = await openCluster(name);
  if (process.env[SET_UP] === cluster.name) return cluster;
  await cluster.up();
  await installAll(cluster);
  const command = await cluster.command([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  if (command[0] !== process.execPath) {
    const variables = environment({ ...process.env, ...cluster.variables, [SET_UP]: cluster.name });
    // Replaced rather than called, so that signals, the terminal and the exit code are its own.
    process.execve?.("/usr/bin/env", ["env", "--", ...command], variables);
    throw new Error(`Cannot go on within the network of ${cluster.name}: this runtime has no execve`);
  }
  return cluster;
}

function environment(variables: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
}

/** Installs cert-manager, Dapr and DAPS; what is installed is brought to what the checkout holds. */
async function installAll(cluster: Cluster): Promise<void> {
  await installCertManager(cluster);
  await installDapr(cluster);
  await installDaps(cluster);
}

/** `helm install daps ./chart`, with the image of this checkout. */
export async function installDaps(cluster: Cluster): Promise<void> {
  const image = await dapsArchive();
  await progress("installing DAPS", async () => {
    const [before] = await Promise.all([
      cluster.run("helm", ["status", "daps"], { allowFailure: true }),
      cluster.loadImage(image),
    ]);
    const chart = join(repositoryRoot, "chart");
    await cluster.helm(["upgrade", "--install", "daps", chart, "--wait", "--timeout", "3m"]);
    if (before.code !== 0) return;
    // The tag of the image is the same, whatever is in it.
    const webhook = ["deployment/daps-webhook", "--namespace=daps-system"];
    await cluster.kubectl(["rollout", "restart", ...webhook]);
    await cluster.kubectl(["rollout", "status", ...webhook, "--timeout=120s"]);
  });
}
