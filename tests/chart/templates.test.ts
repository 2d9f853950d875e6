/** What the chart installs. */
import { beforeAll, describe, expect, it } from "vitest";
import { truth } from "../../services/core/values.ts";
import manifest from "../../package.json" with { type: "json" };
import { parseWebhookConfig } from "../../services/webhook/config.ts";
import { deployment, find, type Manifest, render, template, VALUES_FILES } from "./render.ts";

const CLUSTER_WIDE = ["Namespace", "MutatingWebhookConfiguration"];

type Webhook = {
  readonly namespaceSelector: { readonly matchExpressions: unknown };
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
  readonly rules: unknown;
  readonly clientConfig: Readonly<Record<string, unknown>>;
};

function webhookOf(manifests: readonly Manifest[]): Webhook {
  const webhooks = find(manifests, "MutatingWebhookConfiguration")["webhooks"] as readonly [Webhook];
  expect(webhooks).toHaveLength(1);
  return webhooks[0];
}

function configOf(manifests: readonly Manifest[]) {
  const { env } = deployment(manifests).spec.template.spec.containers[0];
  return parseWebhookConfig(env.find(({ name }) => name === "DAPS_WEBHOOK")?.value ?? "");
}

describe("in another namespace than the release's", () => {
  let manifests: readonly Manifest[];
  beforeAll(async () => {
    manifests = await render();
  });

  it("creates the namespace, with restricted pods", () => {
    expect(find(manifests, "Namespace").metadata).toMatchObject({
      name: "daps-system",
      labels: { "pod-security.kubernetes.io/enforce": "restricted" },
    });
  });

  it("puts everything there", () => {
    for (const { kind, metadata } of manifests) {
      expect([kind, metadata.namespace]).toEqual([kind, CLUSTER_WIDE.includes(kind) ? undefined : "daps-system"]);
    }
  });

  it("needs no hook, because the namespace takes the certificates' secrets with it", () => {
    expect(manifests.filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] !== undefined)).toEqual([]);
  });

  it("is exactly this", () => {
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual([
      "Certificate daps-ca",
      "Certificate daps-webhook",
      "Deployment daps-webhook",
      "Issuer daps-ca",
      "Issuer daps-selfsigned",
      "MutatingWebhookConfiguration daps-webhook",
      "Namespace daps-system",
      "PodDisruptionBudget daps-webhook",
      "Service daps-webhook",
      "ServiceAccount daps-webhook",
    ]);
  });

  it("labels everything as the release's", () => {
    for (const { metadata } of manifests) {
      expect(metadata.labels).toMatchObject({
        "app.kubernetes.io/name": "daps",
        "app.kubernetes.io/instance": "daps",
        "app.kubernetes.io/version": manifest.version,
        "app.kubernetes.io/managed-by": "Helm",
      });
    }
  });
});

describe("in the release's own namespace", () => {
  let manifests: readonly Manifest[];
  beforeAll(async () => {
    manifests = await render({ namespace: "daps-system" });
  });

  it("does not create it", () => {
    expect(manifests.filter(({ kind }) => kind === "Namespace")).toEqual([]);
  });

  it("removes the secrets that cert-manager leaves behind", () => {
    const secrets = manifests.filter(({ kind }) => kind === "Secret");
    const certificates = manifests.filter(({ kind }) => kind === "Certificate");
    expect(secrets.map(({ metadata }) => metadata.name).toSorted()).toEqual(
      certificates.map(({ spec }) => (spec as { secretName: string }).secretName).toSorted(),
    );
    for (const secret of secrets) {
      expect(secret.metadata.annotations).toEqual({
        "helm.sh/hook": "post-delete",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
      });
      expect(Object.keys(secret).toSorted()).toEqual(["apiVersion", "kind", "metadata"]);
    }
  });
});

describe("the webhook's configuration at the API server", () => {
  it("never keeps a pod from being created", async () => {
    const manifests = await render();
    const webhook = webhookOf(manifests);
    expect(webhook).toMatchObject({
      failurePolicy: "Ignore",
      reinvocationPolicy: "IfNeeded",
      matchPolicy: "Equivalent",
      sideEffects: "None",
      timeoutSeconds: 5,
      admissionReviewVersions: ["v1"],
      rules: [{
        apiGroups: [""],
        apiVersions: ["v1"],
        operations: ["CREATE"],
        resources: ["pods"],
        scope: "Namespaced",
      }],
      clientConfig: { service: { name: "daps-webhook", namespace: "daps-system", path: "/mutate", port: 443 } },
    });
  });

  it("runs after Dapr's", async () => {
    const { metadata } = find(await render(), "MutatingWebhookConfiguration");
    expect(["dapr-sidecar-injector", metadata.name].toSorted()[1]).toBe(metadata.name);
  });

  it("is trusted by the certificate that is mounted", async () => {
    const manifests = await render({ values: "full-values.yaml" });
    const { metadata } = find(manifests, "MutatingWebhookConfiguration");
    expect(metadata.annotations).toEqual({ "cert-manager.io/inject-ca-from": "lifecycle/daps-webhook" });
    const spec = find(manifests, "Certificate", "daps-webhook")["spec"] as Record<string, unknown>;
    expect(spec["dnsNames"]).toEqual(["daps-webhook.lifecycle.svc"]);
    const pod = deployment(manifests).spec.template.spec;
    expect(pod["volumes"]).toMatchObject([{ secret: { secretName: spec["secretName"] } }]);
    const service = find(manifests, "Service")["spec"] as { selector: unknown; ports: unknown };
    expect(service.ports).toMatchObject([{ port: 443, targetPort: "https" }, { port: 8080, targetPort: "metrics" }]);
    const { matchLabels } = deployment(manifests).spec.selector;
    expect(service.selector).toEqual(matchLabels);
  });

  it("leaves out kube-system, its own namespace, and those that say so", async () => {
    expect(webhookOf(await render({ namespace: "lifecycle", values: "full-values.yaml" })).namespaceSelector).toEqual({
      matchExpressions: [
        { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system", "lifecycle"] },
        { key: "daps.io/injection", operator: "NotIn", values: ["disabled"] },
      ],
    });
  });

  it("asks for pods of Dapr only, by the words that count as true", async () => {
    const { matchConditions: [condition, ...others] } = webhookOf(await render());
    expect(others).toEqual([]);
    const expression = condition?.expression ?? "";
    expect(expression).toMatch(
      /^has\(object\.metadata\.annotations\) && 'dapr\.io\/enabled' in object\.metadata\.annotations && /,
    );
    expect(expression).toContain("['dapr.io/enabled'].trim().lowerAscii() in [");
    const words = [...(/ in \[([^\]]*)\]$/.exec(expression)?.[1] ?? "").matchAll(/'(\w+)'/g)].map(([, word = ""]) =>
      word
    );
    expect(words.toSorted()).toEqual(["1", "on", "t", "true", "y", "yes"]);
    for (const word of words) expect(truth.parse(word)).toBe(true);
  });
});

describe("the webhook's pods", () => {
  it("replace each other without a gap", async () => {
    const { spec } = deployment(await render());
    expect(spec.replicas).toBe(2);
    expect(spec.strategy).toMatchObject({ rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
  });

  it("are restricted, and hold no token", async () => {
    const pod = deployment(await render()).spec.template.spec;
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(pod.containers[0]).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      resources: { requests: { cpu: expect.any(String), memory: expect.any(String) }, limits: { memory: "256Mi" } },
    });
  });

  it("get no more permissions of Deno than their configuration needs", async () => {
    const manifests = await render({ values: "full-values.yaml" });
    const { command, ports, volumeMounts } = deployment(manifests).spec.template.spec.containers[0];
    const { config } = configOf(manifests);
    expect(command.filter((flag) => flag.startsWith("--allow-"))).toEqual([
      `--allow-net=${[config.port, config.metricsPort].map((port) => `[::]:${port},0.0.0.0:${port}`).join()}`,
      "--allow-env=DAPS_WEBHOOK",
      `--allow-read=/daps,${config.tlsFolder}`,
    ]);
    expect(command.slice(0, 5)).toEqual(["/tini", "-s", "--", "deno", "run"]);
    expect(command.slice(-2)).toEqual(["/daps/main.js", "webhook"]);
    expect(ports.map(({ containerPort }) => containerPort)).toEqual([config.port, config.metricsPort]);
    expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual([config.tlsFolder]);
  });

  it.each(VALUES_FILES)("understand what %s tells them", async (values) => {
    const manifests = await render({ values });
    const { config, complaints } = configOf(manifests);
    expect(complaints).toEqual([]);
    const [{ image, imagePullPolicy }] = deployment(manifests).spec.template.spec.containers;
    expect(config.admission).toMatchObject({ image, imagePullPolicy });
  });

  it("run the chart's own version unless told otherwise", async () => {
    expect(configOf(await render()).config.admission.image).toBe(`daps:${manifest.version}`);
    const { admission, logLevel } = configOf(await render({ values: "full-values.yaml" })).config;
    expect([admission.image, logLevel]).toEqual(["registry.example:5000/team/daps:1.2.3", "debug"]);
    expect(admission.chart).toMatchObject({
      "defaults.enabled": false,
      "defaults.redeliverLimit": 5,
      "sidecar.native": "false",
      "sidecar.image": "registry.example:5000/team/daps-sidecar:1.2.3",
    });
  });

  it.each([["1.28.15", false], ["1.29.0", true], ["1.35.4", true], ["1.30.1-gke.100", true]])(
    "on Kubernetes %s know whether it has native sidecars",
    async (kubeVersion, nativeSupported) => {
      expect(configOf(await render({ kubeVersion })).config.admission.nativeSupported).toBe(nativeSupported);
    },
  );

  it("do not come to a Kubernetes that would ignore the match conditions", async () => {
    const { code, stderr } = await template({ kubeVersion: "1.27.9" });
    expect(code).not.toBe(0);
    expect(stderr).toContain(">=1.28.0-0");
  });
});
