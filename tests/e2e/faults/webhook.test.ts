/**
 * A replica of DAPS's webhook is killed while 50 pods are made. They are never scheduled: it is their making that is
 * looked at. The webhook is as installed, so that a call that fails leaves a pod as it is.
 */
import { expect, test } from "vitest";
import { containerNames, deleteNamespace, Pods } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { cases, record } from "../support/matrix.ts";

const PODS = 50;
const TIMEOUT_MS = 120_000;
const WEBHOOK = "daps-webhook";

const lab = await openSharedLab();

/** Sets the failure policy of the webhook and its time-out, in seconds. */
async function configure(failurePolicy: "Ignore" | "Fail", timeoutSeconds: number): Promise<void> {
  const patch = [
    { op: "replace", path: "/webhooks/0/failurePolicy", value: failurePolicy },
    { op: "replace", path: "/webhooks/0/timeoutSeconds", value: timeoutSeconds },
  ];
  await lab.cluster.kubectl([
    ...["patch", "mutatingwebhookconfiguration", WEBHOOK, "--type=json"],
    ...["--patch", JSON.stringify(patch)],
  ]);
}

const deployment = (namespace: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "many", namespace },
  spec: {
    replicas: PODS,
    selector: { matchLabels: { app: "many" } },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "100%" } },
    template: {
      metadata: {
        labels: { app: "many" },
        annotations: {
          "dapr.io/enabled": "true",
          "dapr.io/app-id": "many",
          "dapr.io/app-port": "8080",
          "dapr.io/enable-native-sidecar": "true",
        },
      },
      spec: { nodeSelector: { "kubernetes.io/os": "none" }, containers: [{ name: "app", image: "app" }] },
    },
  },
});

test.for(cases("webhook-killed"))("$title", async ({ id, mode }) => {
  await deleteNamespace(lab, id, true);
  await lab.cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: id } });
  await configure("Ignore", 5);
  await using pods = await Pods.watch(lab.kube, { namespace: id, labelSelector: "app=many" });
  try {
    await lab.cluster.apply(deployment(id));
    await pods.until(({ now }) => now.length === PODS, { what: "the first pods", timeoutMs: TIMEOUT_MS });
    const first = new Set(pods.now.map(({ metadata }) => metadata?.uid));
    const [replica = ""] = (await lab.cluster.kubectl([
      ...["get", "pods", "--namespace=daps-system", "--output=jsonpath={.items[*].metadata.name}"],
    ])).split(" ");
    await lab.cluster.kubectl(["rollout", "restart", "deployment/many", `--namespace=${id}`]);
    await pods.until(({ now }) => now.some(({ metadata }) => !first.has(metadata?.uid)), {
      what: "the first new pod",
      timeoutMs: TIMEOUT_MS,
    });
    await lab.cluster.kubectl(["delete", "pod", replica, "--namespace=daps-system", "--force", "--grace-period=0"]);
    const made = await pods.until(
      ({ now }) => now.length === PODS && now.every((pod) => !first.has(pod.metadata?.uid)) && now,
      {
        what: "the new pods",
        timeoutMs: TIMEOUT_MS,
      },
    );
    const without = made.filter((pod) => !containerNames(pod).includes("daps")).length;
    await record(id, mode.id, { pods: made.length, "without DAPS": without });
    expect(made).toHaveLength(PODS);
    expect(without).toBe(0);
  } finally {
    await configure("Fail", 30);
  }
  await lab.cluster.kubectl([
    "rollout",
    "status",
    `deployment/${WEBHOOK}`,
    "--namespace=daps-system",
    "--timeout=120s",
  ]);
  await deleteNamespace(lab, id, false);
});
