/**
 * What the chart renders, for each configuration in chart/ci, is held against the API's own schemas: a server-side dry
 * run.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, openCluster } from "../../../scripts/lib/cluster/index.ts";
import { repositoryRoot } from "../../../scripts/lib/toolchain/index.ts";

const CHART = join(repositoryRoot, "chart");
const CONFIGURATIONS = readdirSync(join(CHART, "ci")).filter((file) => file.endsWith("-values.yaml"));
const TIMEOUT_MS = 60_000;
/** A dry run makes no namespace, and takes nothing into one that is not there. */
const NAMESPACE = { apiVersion: "v1", kind: "Namespace", metadata: { name: "lifecycle" } };

let cluster: Cluster;

beforeAll(async () => {
  cluster = await openCluster();
  await cluster.apply(NAMESPACE);
});

afterAll(async () => {
  await cluster.kubectl(["delete", "namespace", NAMESPACE.metadata.name, "--wait=false"]);
});

const dryRun = (input: string) =>
  cluster.run("kubectl", ["apply", "--dry-run=server", "--validate=strict", "--filename=-"], {
    input,
    allowFailure: true,
  });

test.each(CONFIGURATIONS)("the API server takes the chart with %s", async (file) => {
  const manifests = await cluster.helm([
    ...["template", "daps", CHART, "--values", join(CHART, "ci", file)],
    ...["--namespace", file.startsWith("own-namespace") ? "dapr-system" : "default", "--kube-version", "1.35.4"],
  ]);
  const { code, stdout, stderr } = await dryRun(manifests);
  expect(stderr).not.toMatch(/error|unknown field|invalid/i);
  expect(code).toBe(0);
  expect(stdout).toMatch(/mutatingwebhookconfiguration\S* \S+ \(server dry run\)/);
}, TIMEOUT_MS);

test("the dry run sees a field that the API does not know", async () => {
  const manifests = await cluster.helm(["template", "daps", CHART]);
  const { code, stderr } = await dryRun(manifests.replace("failurePolicy:", "failurePolicies:"));
  expect(stderr).toContain("failurePolicies");
  expect(code).not.toBe(0);
}, TIMEOUT_MS);
