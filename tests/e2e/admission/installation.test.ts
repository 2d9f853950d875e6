/**
 * The webhook comes, goes, and is missed by nobody: a pod starts with DAPS or without it, but it starts.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { join } from "node:path";
import { containers, polled, READY_PATH, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { repositoryRoot } from "../../../scripts/lib/toolchain/index.ts";
import { openSharedLab } from "../support/lab.ts";

const TIMEOUT_MS = 180_000;
const CHART = join(repositoryRoot, "chart");
/** Kinds of which the chart, cert-manager on its behalf, or Helm makes something, in whatever namespace. */
const KINDS = [
  ...["deployments", "services", "serviceaccounts", "poddisruptionbudgets", "secrets", "configmaps", "jobs"],
  ...["certificates", "issuers", "certificaterequests", "clusterissuers"],
  ...["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
  ...["clusterroles", "clusterrolebindings", "roles", "rolebindings"],
].join(",");

const lab = await openSharedLab();
let worker: WorkerDeployment;

beforeAll(async () => {
  worker = await WorkerDeployment.deploy(lab, {
    namespace: "absence",
    daps: { "ready-path": READY_PATH },
    replicas: 1,
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await worker.remove();
  await worker[Symbol.asyncDispose]();
}, TIMEOUT_MS);

/** The containers of the pod that a restart makes. */
async function containersAfterRestart(): Promise<string[]> {
  const before = new Set(worker.pods.now.map(({ metadata }) => metadata?.uid));
  await worker.restart();
  await worker.settled();
  const pod = await worker.pods.until(({ ready }) => ready.find(({ metadata }) => !before.has(metadata?.uid)), {
    what: "a new Ready pod",
    timeoutMs: TIMEOUT_MS,
  });
  return containers(pod).map(({ name }) => name).toSorted();
}

/**
 * A webhook's pods being Ready is one thing; that its certificate is known to every API server, and the way to it, is
 * another, which only a new pod shows.
 */
async function newPodsHaveDaps(): Promise<void> {
  await polled(async () => (await containersAfterRestart()).includes("daps"), () => worker.pods.seen(), {
    what: "new pods to have DAPS",
    timeoutMs: 60_000,
  });
}

const kubectl = (...args: string[]) => lab.cluster.kubectl(args);

/** All that bears the name of DAPS, but the namespaces of these tests. */
async function leftOvers(): Promise<string[]> {
  const found = await kubectl(
    "get",
    KINDS,
    "--all-namespaces",
    "--no-headers",
    "--output=custom-columns=KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name",
  );
  return found.split("\n").filter((line) => line.includes("daps"));
}

test("with the webhook down, pods start without DAPS; with it back, new pods have it", async () => {
  expect(await containersAfterRestart()).toContain("daps");
  const scale = (replicas: number) =>
    kubectl("scale", "deployment/daps-webhook", "-n", "daps-system", `--replicas=${replicas}`);
  await scale(0);
  await kubectl("wait", "pods", "--all", "-n", "daps-system", "--for=delete", "--timeout=120s");
  expect(await containersAfterRestart()).toEqual(["app", "daprd"]);
  await scale(2);
  await kubectl("rollout", "status", "deployment/daps-webhook", "-n", "daps-system", "--timeout=120s");
  await newPodsHaveDaps();
}, TIMEOUT_MS * 2);

test("uninstalling leaves nothing, and a pod that has DAPS still ends in order", async () => {
  const pod = worker.pods.ready[0]?.metadata?.name ?? "";
  await lab.cluster.helm(["uninstall", "daps", "--wait", "--timeout", "2m"]);
  await kubectl("wait", "namespace/daps-system", "--for=delete", "--timeout=120s");
  expect(await leftOvers()).toEqual([]);
  await worker.delete(pod);
  expect(worker.ledger.of("exit", pod)).toHaveLength(1);
}, TIMEOUT_MS);

test("it installs into the release's own namespace too, and leaves that empty", async () => {
  const here = ["--namespace", "daps-system"];
  await lab.cluster.helm(["install", "daps", CHART, ...here, "--create-namespace", "--wait", "--timeout", "3m"]);
  await newPodsHaveDaps();
  await lab.cluster.helm(["uninstall", "daps", ...here, "--wait", "--timeout", "2m"]);
  await kubectl("wait", "pods", "--all", "-n", "daps-system", "--for=delete", "--timeout=120s");
  expect((await leftOvers()).filter((line) => !/^(?:ServiceAccount|ConfigMap) /.test(line))).toEqual([]);
  await kubectl("delete", "namespace", "daps-system", "--timeout=120s");
  // As the other tests of this lane found it.
  await lab.cluster.helm(["install", "daps", CHART, "--wait", "--timeout", "3m"]);
}, TIMEOUT_MS * 2);
