/**
 * The container that DAPS adds.
 * @module
 */
import { ADMIN_PORT, RELAY_PORT } from "../ports.ts";
import {
  LIBC_PATHS,
  parseSidecarConfig,
  SIDECAR_ENV,
  type SidecarConfig,
  TERMINATION_MESSAGE_PATH,
} from "../sidecar-config.ts";
import { ownPreStop } from "./hooks.ts";
import { type Container, DAPS, type Pod } from "./pod.ts";
import type { Resources } from "./resources.ts";

/** What the container needs to know beside its configuration. */
export type DapsContainerOptions = {
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly resources: Resources;
  readonly native: boolean;
  readonly token: string;
};

/** The user of the image, for pods that would else make DAPS root. */
const USER = 65_532;

/**
 * An empty volume, so that no service-account token is mounted into DAPS: it calls no Kubernetes API. In memory, because
 * the cluster autoscaler does not move a pod that has a volume on the node's disk.
 */
export const NO_TOKEN_VOLUME = { name: "daps-no-token", emptyDir: { medium: "Memory", sizeLimit: "64Ki" } } as const;
const TOKEN_MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

export function dapsContainer(
  pod: Pod,
  daprd: Container,
  config: SidecarConfig,
  options: DapsContainerOptions,
): Container {
  const env = [
    { name: SIDECAR_ENV.config, value: JSON.stringify(config) },
    { name: SIDECAR_ENV.token, value: options.token },
    // The C library would give each of the runtime's threads an arena of its own: four megabytes for nothing.
    { name: "MALLOC_ARENA_MAX", value: "1" },
  ];
  const apiToken = daprd.env?.find(({ name }) => name === SIDECAR_ENV.daprApiToken);
  return {
    name: DAPS,
    image: options.image,
    imagePullPolicy: options.imagePullPolicy,
    command: sidecarCommand(config),
    env: apiToken ? [...env, apiToken] : env,
    ports: [{ name: "daps-admin", containerPort: ADMIN_PORT, protocol: "TCP" }],
    resources: options.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
      // Else the image's own numeric user, or whom a policy of the cluster chooses.
      ...(pod.spec.securityContext?.runAsUser === 0 && { runAsUser: USER, runAsGroup: USER }),
    },
    livenessProbe: {
      httpGet: { path: "/livez", port: ADMIN_PORT },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 3,
      // A hung DAPS must not be given the pod's whole grace period by the preStop that it no longer answers.
      terminationGracePeriodSeconds: 5,
    },
    readinessProbe: {
      httpGet: { path: "/readyz", port: ADMIN_PORT },
      periodSeconds: 1,
      timeoutSeconds: 3,
      failureThreshold: 3,
    },
    lifecycle: { preStop: ownPreStop("daps", options.token) },
    terminationMessagePath: TERMINATION_MESSAGE_PATH,
    volumeMounts: [{ name: NO_TOKEN_VOLUME.name, mountPath: TOKEN_MOUNT_PATH, readOnly: true }],
    ...(options.native && { restartPolicy: "Always" }),
  };
}

/** What each is for is told in docs/performance.md. */
const V8_FLAGS = [
  "--max-semi-space-size=1",
  "--expose-gc",
  // By default 3,000: at the rates of most pods the relay would run for minutes in what the first compilers made of it.
  "--invocation-count-for-turbofan=300",
];

/**
 * An init, process 1 of the container. The kernel drops a SIGTERM for a process 1 that has no handler for it yet
 * (pid_namespaces(7)), so that a DAPS that is deleted while it begins would stay until the grace period is over: its
 * port refuses the kubelet's hook, and its SIGTERM is not heard. `-s`: silent where the pod shares its processes, and
 * the init is not process 1.
 */
export const INIT: readonly string[] = ["/tini", "-s", "--"];

/** The container's command; no shell. */
export function sidecarCommand(config: SidecarConfig): string[] {
  return [...INIT, ...denoCommand(config)];
}

/** Deno with the narrowest permissions that the sidecar runs with. */
export function denoCommand(config: SidecarConfig): string[] {
  const hosts = new Set([
    `127.0.0.1:${RELAY_PORT}`,
    `[::]:${ADMIN_PORT}`,
    `0.0.0.0:${ADMIN_PORT}`,
    address(config.app.host, config.app.port),
    `127.0.0.1:${config.daprd.httpPort}`,
    `127.0.0.1:${config.daprd.publicPort}`,
  ]);
  const { check } = config.ready;
  if (check.kind === "http") hosts.add(address(check.get.host, check.get.port));
  else hosts.add(address(config.app.host, check.port));
  for (const hook of [config.app.preStop, config.daprd.preStop]) {
    if (hook?.kind === "httpGet") hosts.add(address(hook.get.host, hook.get.port));
  }
  return [
    "deno",
    "run",
    "--no-prompt",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--no-code-cache",
    `--v8-flags=${V8_FLAGS.join(",")}`,
    `--allow-net=${[...hosts].join(",")}`,
    `--allow-env=${Object.values(SIDECAR_ENV).join(",")}`,
    `--allow-ffi=${LIBC_PATHS.join(",")}`,
    "--allow-read=/daps",
    `--allow-write=${TERMINATION_MESSAGE_PATH}`,
    "/daps/main.js",
    "sidecar",
  ];
}

function address(host: string | null, port: number): string {
  const name = host ?? "127.0.0.1";
  return name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`;
}

/** What an earlier pass of admission has done. */
export type Earlier = { readonly container: Container; readonly config: SidecarConfig; readonly token: string };

/** Undefined if DAPS did not make this container. */
export function readEarlier(container: Container): Earlier | undefined {
  const [config, token] = [configOf(container), envOf(container, SIDECAR_ENV.token)];
  return config && token !== undefined ? { container, config, token } : undefined;
}

export function configOf(container: Container): SidecarConfig | undefined {
  try {
    return parseSidecarConfig(envOf(container, SIDECAR_ENV.config) ?? "");
  } catch {
    return undefined;
  }
}

/** Tells the sidecar what has changed since, such as a preStop that another webhook added. */
export function rewriteConfig({ container }: Earlier, config: SidecarConfig): void {
  const entry = container.env?.find(({ name }) => name === SIDECAR_ENV.config);
  const value = JSON.stringify(config);
  if (!entry || entry.value === value) return;
  entry.value = value;
  container.command = sidecarCommand(config);
}

function envOf(container: Container, name: string): string | undefined {
  return container.env?.find((entry) => entry.name === name)?.value ?? undefined;
}
