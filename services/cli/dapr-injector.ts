/**
 * What Dapr's injector would add to a pod, as far as DAPS looks at it: a stand-in for the real one, so that a manifest
 * can be judged before it meets a cluster.
 *
 * The form is that of Dapr 1.18 (`pkg/injector/patcher/sidecar_container.go`, `sidecar_patcher.go`): flags and values as
 * two items, `/daprd` first, the container last, or last of the init containers if it is a native sidecar. Left out is
 * what DAPS has no use for: certificates, addresses of the control plane, probes, volumes, ports.
 * @module
 */
import { annotationsOf, type Container, DAPRD, findDaprd, type Pod } from "../core/admission/pod.ts";
import { DAPR_GRPC_PORT, DAPR_HTTP_PORT, DAPR_PUBLIC_PORT } from "../core/ports.ts";
import { SIDECAR_ENV } from "../core/sidecar-config.ts";
import { truth } from "../core/values.ts";

export type InjectorOptions = {
  /** Dapr's own chart value `dapr_sidecar_injector.nativeSidecar`; the pod's annotation wins. */
  readonly native: boolean;
};

/** Changes `pod` in place. Returns whether it did: not without `dapr.io/enabled`, nor if daprd is there. */
export function injectDapr(pod: Pod, options: InjectorOptions): boolean {
  const annotations = annotationsOf(pod);
  if (!isTrue(annotations["dapr.io/enabled"]) || findDaprd(pod)) return false;
  const wanted = annotations["dapr.io/enable-native-sidecar"];
  if (wanted === undefined ? options.native : isTrue(wanted)) {
    (pod.spec.initContainers ??= []).push({ ...daprd(pod, annotations), restartPolicy: "Always" });
  } else {
    pod.spec.containers.push(daprd(pod, annotations));
  }
  return true;
}

/** Flags that stand only where the annotation does. */
const OPTIONAL = [
  "app-channel-address",
  "app-max-concurrency",
  "dapr-block-shutdown-duration",
] as const;

function daprd(pod: Pod, annotations: Readonly<Record<string, string>>): Container {
  const of = (key: string): string | undefined => annotations[`dapr.io/${key}`] || undefined;
  const name = pod.metadata?.name || pod.metadata?.generateName?.replace(/-$/, "") || "app";
  const args = [
    "/daprd",
    ...["--dapr-http-port", String(DAPR_HTTP_PORT)],
    ...["--dapr-grpc-port", of("grpc-port") ?? String(DAPR_GRPC_PORT)],
    ...["--dapr-public-port", String(DAPR_PUBLIC_PORT)],
    ...["--app-id", of("app-id") ?? name],
    ...["--app-protocol", of("app-protocol") ?? "http"],
    ...["--log-level", of("log-level") ?? "info"],
    ...["--dapr-graceful-shutdown-seconds", of("graceful-shutdown-seconds") ?? "-1"],
    ...["--mode", "kubernetes"],
  ];
  if (Number(of("app-port")) > 0) args.push("--app-port", of("app-port") ?? "");
  for (const flag of OPTIONAL) {
    const value = of(flag.replace(/^dapr-/, ""));
    if (value !== undefined) args.push(`--${flag}`, value);
  }
  if (isTrue(of("app-ssl"))) args.push("--app-ssl");
  if (isTrue(of("enable-app-health-check"))) {
    args.push("--enable-app-health-check", "--app-health-check-path", of("app-health-check-path") ?? "/healthz");
  }
  const secret = of("api-token-secret");
  return {
    name: DAPRD,
    image: of("sidecar-image") ?? "daprd",
    args,
    ...(secret !== undefined && {
      env: [{ name: SIDECAR_ENV.daprApiToken, valueFrom: { secretKeyRef: { name: secret, key: "token" } } }],
    }),
  };
}

function isTrue(text: string | undefined): boolean {
  return truth.parse(text ?? "") === true;
}
