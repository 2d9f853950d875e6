/**
 * Whether a pod gets DAPS: inject, or skip with a reason.
 * @module
 */
import { ADMIN_PORT, RELAY_PORT } from "../ports.ts";
import type { Settings } from "../settings.ts";
import { truth } from "../values.ts";
import { type Warning, warning } from "../warnings.ts";
import { findApp } from "./app.ts";
import { type Earlier, readEarlier } from "./daps-container.ts";
import { flag } from "./flags.ts";
import {
  annotationsOf,
  type Container,
  type Daprd,
  findDaprd,
  findDaps,
  hostOf,
  isOfJob,
  type Pod,
  portOf,
} from "./pod.ts";

export type SkipReason =
  | "app-address"
  | "disabled"
  | "host-network"
  | "job-on-failure"
  | "mirror-pod"
  | "name-taken"
  | "no-app-container"
  | "no-app-port"
  | "no-daprd"
  | "not-dapr"
  | "not-linux"
  | "port-taken";

/** Where daprd reaches the app, or would if it called it. */
export type Target = {
  readonly host: string;
  readonly port: number;
  /** Whether daprd calls the app. */
  readonly relay: boolean;
};

export type Verdict =
  | {
    readonly inject: true;
    readonly daprd: Daprd;
    readonly app: Container;
    readonly target: Target;
    /** Undefined in the first pass. */
    readonly earlier: Earlier | undefined;
    readonly warnings: readonly Warning[];
  }
  | { readonly inject: false; readonly reason: SkipReason; readonly warnings: readonly Warning[] };

/**
 * Reasons that the user chose, or that a later pass of admission may lift, are silent; the others carry a warning that
 * says what to do.
 */
export function judge(pod: Pod, settings: Settings): Verdict {
  const annotations = annotationsOf(pod);
  if (truth.parse(annotations["dapr.io/enabled"] ?? "") !== true) return skip("not-dapr");
  if (!settings.enabled) return skip("disabled");
  if (annotations["kubernetes.io/config.mirror"] !== undefined) return skip("mirror-pod");
  if (pod.spec.os?.name === "windows" || pod.spec.nodeSelector?.["kubernetes.io/os"] === "windows") {
    return skip("not-linux", 'The pod is for Windows, where DAPS does not run: set daps.io/enabled: "false"');
  }
  const daprd = findDaprd(pod);
  // Dapr's injector may run later, and then calls DAPS again (reinvocationPolicy: IfNeeded).
  if (!daprd) return skip("no-daprd");
  const daps = findDaps(pod);
  const earlier = daps && readEarlier(daps);
  if (daps && !earlier) {
    return skip("name-taken", "The pod has a container named daps that DAPS did not make: give it another name");
  }
  if (earlier) return again(pod, settings, daprd, earlier);
  if (pod.spec.hostNetwork === true) {
    return skip(
      "host-network",
      `Ports ${RELAY_PORT} and ${ADMIN_PORT} of the host's network are not the pod's own: take hostNetwork away, or set ` +
        'daps.io/enabled: "false"',
    );
  }
  const taken = takenPort(pod);
  if (taken) {
    return skip(
      "port-taken",
      `Container ${taken.container} declares port ${taken.port}, which DAPS needs: use another port`,
    );
  }
  if (isOfJob(pod) && !daprd.native && pod.spec.restartPolicy === "OnFailure") {
    return skip(
      "job-on-failure",
      "A Job with restartPolicy OnFailure never completes with an ordinary daprd, whoever ends it: set " +
        'dapr.io/enable-native-sidecar: "true", or restartPolicy: Never',
    );
  }
  const relayed = flag(daprd.container, "app-port");
  const port = relayed === undefined ? settings.appPort ?? portOf(annotations["dapr.io/app-port"]) : portOf(relayed);
  if (port === undefined) {
    return skip(
      "no-app-port",
      isOfJob(pod) && !daprd.native
        // Nothing would show when such an app has ended.
        ? 'A Job whose app has no port never completes with an ordinary daprd: set dapr.io/enable-native-sidecar: "true"'
        : "DAPS can't see the app's work without a port: set dapr.io/app-port, or daps.io/app-port if Dapr does not call the app",
    );
  }
  if (port === RELAY_PORT || port === ADMIN_PORT) {
    return skip("port-taken", `The app listens on port ${port}, which DAPS needs: use another port`);
  }
  const address = flag(daprd.container, "app-channel-address") || "127.0.0.1";
  const host = hostOf(address);
  if (host === undefined) {
    return skip(
      "app-address",
      `Cannot use dapr.io/app-channel-address: accepted is a host name or an IP address; received ${
        JSON.stringify(address.slice(0, 60))
      }`,
    );
  }
  const { app, warnings } = findApp(pod, settings, port);
  if (!app) {
    return skip("no-app-container", "The pod has no container that could be the app: set daps.io/app-container");
  }
  const unused = relayed !== undefined && settings.appPort !== undefined && settings.appPort !== port
    ? [warning(
      "bad-value",
      `Cannot use annotation daps.io/app-port: accepted is dapr.io/app-port, ${port}, where there is one; received "${settings.appPort}"`,
    )]
    : [];
  return {
    inject: true,
    daprd,
    app,
    target: { host, port, relay: relayed !== undefined },
    earlier: undefined,
    warnings: [...unused, ...warnings],
  };
}

/** In a later pass the choice of the first one stands, whatever other webhooks have added to the pod. */
function again(pod: Pod, settings: Settings, daprd: Daprd, earlier: Earlier): Verdict {
  const { container, host, port, relay } = earlier.config.app;
  const app = pod.spec.containers.find(({ name }) => name === container) ?? findApp(pod, settings, port).app;
  if (!app) return skip("no-app-container");
  return { inject: true, daprd, app, target: { host, port, relay }, earlier, warnings: [] };
}

function skip(reason: SkipReason, message?: string): Verdict {
  const warnings = message === undefined ? [] : [warning("not-injected", `${message} (pod left without DAPS)`)];
  return { inject: false, reason, warnings };
}

function takenPort(pod: Pod): { container: string; port: number } | undefined {
  for (const { name, ports } of [...pod.spec.containers, ...pod.spec.initContainers ?? []]) {
    const port = ports?.find(({ containerPort, protocol }) =>
      (containerPort === RELAY_PORT || containerPort === ADMIN_PORT) && (protocol ?? "TCP") === "TCP"
    );
    if (port) return { container: name, port: port.containerPort };
  }
  return undefined;
}
