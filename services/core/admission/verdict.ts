/**
 * Whether a pod gets DAPS: inject, or skip with a reason.
 * @module
 */
import { ADMIN_PORT, RELAY_PORT } from "../ports.ts";
import type { Settings } from "../settings.ts";
import { truth } from "../values.ts";
import { type Warning, warning } from "../warnings.ts";
import { findApp } from "./app.ts";
import { isOwn } from "./daps-container.ts";
import { annotationsOf, type Container, type Daprd, findDaprd, findDaps, isOfJob, type Pod } from "./pod.ts";

export type SkipReason =
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

export type Verdict =
  | {
    readonly inject: true;
    readonly daprd: Daprd;
    readonly app: Container;
    readonly appPort: number;
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
  if (pod.spec.os?.name === "windows") return skip("not-linux", "The pod is for Windows, where DAPS does not run");
  const daprd = findDaprd(pod);
  // Dapr's injector may run later, and then calls DAPS again (reinvocationPolicy: IfNeeded).
  if (!daprd) return skip("no-daprd");
  if (pod.spec.hostNetwork === true) {
    return skip(
      "host-network",
      `The pod uses the host's network, where ports ${RELAY_PORT} and ${ADMIN_PORT} are not its own`,
    );
  }
  const daps = findDaps(pod);
  if (daps && !isOwn(daps)) {
    return skip("name-taken", "The pod has a container named daps that DAPS did not make: give it another name");
  }
  const taken = daps ? undefined : takenPort(pod);
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
  const appPort = settings.appPort ?? portOf(annotations["dapr.io/app-port"]);
  if (appPort === undefined) {
    return skip(
      "no-app-port",
      "DAPS can't see the app's work without a port: set dapr.io/app-port, or daps.io/app-port if Dapr does not call the app",
    );
  }
  if (appPort === RELAY_PORT || appPort === ADMIN_PORT) {
    return skip("port-taken", `The app listens on port ${appPort}, which DAPS needs: use another port`);
  }
  const { app, warnings } = findApp(pod, settings, appPort);
  if (!app) return skip("no-app-container", "The pod has no container that could be the app");
  return { inject: true, daprd, app, appPort, warnings };
}

function skip(reason: SkipReason, message?: string): Verdict {
  const warnings = message === undefined ? [] : [warning("not-injected", `${message} (pod left without DAPS)`)];
  return { inject: false, reason, warnings };
}

function portOf(text: string | undefined): number | undefined {
  const port = Number(text);
  return text !== undefined && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

function takenPort(pod: Pod): { container: string; port: number } | undefined {
  for (const { name, ports } of [...pod.spec.containers, ...pod.spec.initContainers ?? []]) {
    const port = ports?.find(({ containerPort }) => containerPort === RELAY_PORT || containerPort === ADMIN_PORT);
    if (port) return { container: name, port: port.containerPort };
  }
  return undefined;
}
