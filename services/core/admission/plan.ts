/**
 * The pod as it should be: what DAPS changes, and what it has to say about it.
 *
 * Every step leaves alone what an earlier pass has done, so that a second pass changes nothing.
 * @module
 */
import { formatDuration } from "../duration.ts";
import { DAPR_HTTP_PORT, DAPR_PUBLIC_PORT, RELAY_PORT } from "../ports.ts";
import type { SettingsRead } from "../settings.ts";
import type { SidecarConfig } from "../sidecar-config.ts";
import { type Warning, warning } from "../warnings.ts";
import { readiness } from "./app.ts";
import { configOf, dapsContainer, NO_TOKEN_VOLUME, rewriteConfig, tokenOf } from "./daps-container.ts";
import { changeFlag, flag, hasFlag, removeFlag, setFlag } from "./flags.ts";
import { takeOverPreStop } from "./hooks.ts";
import { type Container, type Daprd, findDaps, graceSeconds, isOfJob, type Pod } from "./pod.ts";
import type { Verdict } from "./verdict.ts";

type Injection = Extract<Verdict, { inject: true }>;

/** What the webhook knows beside the pod. */
export type PlanContext = {
  readonly read: SettingsRead;
  readonly image: string;
  readonly imagePullPolicy: string;
  /** Whether the cluster has native sidecars (Kubernetes ≥ 1.29). */
  readonly nativeSupported: boolean;
  /** Random; the only input that makes two plans of one pod differ. */
  readonly token: string;
};

/** Past 30 s of graceful shutdown Dapr discards what is parked (`pkg/runtime/subscription/subscription.go`: Stop). */
const MOST_GRACEFUL_SECONDS = 25;
/** A native daprd gets SIGTERM when nothing is left to wait for. */
const NATIVE_GRACEFUL_SECONDS = 2;

/**
 * Changes `pod` in place.
 *
 * @returns what there is to say, empty where an earlier pass has said it
 */
export function plan(pod: Pod, { daprd, app, appPort, warnings: found }: Injection, context: PlanContext): Warning[] {
  const { settings } = context.read;
  const warnings: Warning[] = [];
  const before = findDaps(pod);
  const token = (before && tokenOf(before)) ?? context.token;
  if (!before) warnings.push(...found);

  raiseGracePeriod(pod, settings.minGracePeriod);
  const config = (before && configOf(before)) ?? configure(pod, daprd, app, appPort, context);
  const appHook = takeOverPreStop(app, "app", token, config.app);
  const daprdHook = daprd.native
    ? { held: false, preStop: null }
    : takeOverPreStop(daprd.container, "daprd", token, { held: true, preStop: config.daprd.preStop });
  if (!before) warnings.push(...hookWarnings(app, appHook.held));
  warnings.push(...changeDaprd(daprd, config));

  const planned: SidecarConfig = {
    ...config,
    app: { ...config.app, ...appHook },
    daprd: { ...config.daprd, preStop: daprdHook.preStop },
  };
  if (before) {
    rewriteConfig(before, planned);
    return warnings;
  }

  const native = daprd.native || settings.nativeSidecar === "true" ||
    (settings.nativeSidecar === "auto" && context.nativeSupported);
  warnings.push(...settingWarnings(planned, daprd, context));
  const { image, imagePullPolicy } = context;
  place(
    pod,
    dapsContainer(pod, daprd.container, planned, settings, {
      image: settings.sidecarImage ?? image,
      imagePullPolicy,
      native,
      token,
    }),
    native,
  );
  addNoTokenVolume(pod);
  return warnings;
}

function configure(pod: Pod, daprd: Daprd, app: Container, appPort: number, context: PlanContext): SidecarConfig {
  const { settings, annotated } = context.read;
  const relayed = flag(daprd.container, "app-port");
  const port = settings.appPort ?? (relayed === undefined ? appPort : Number(relayed));
  const host = flag(daprd.container, "app-channel-address") || "127.0.0.1";
  const protocol = protocolOf(daprd.container);
  const tls = protocol === "https" || protocol === "grpcs";
  return {
    app: { container: app.name, host, port, protocol, relay: relayed !== undefined, held: true, preStop: null },
    daprd: {
      native: daprd.native,
      httpPort: Number(flag(daprd.container, "dapr-http-port")) || DAPR_HTTP_PORT,
      publicPort: Number(flag(daprd.container, "dapr-public-port")) || DAPR_PUBLIC_PORT,
      stop: settings.daprdStop,
      preStop: null,
    },
    ready: readiness(app, settings, { host, port, tls }),
    busy: { path: settings.busyPath, binding: annotated.has("busyPath"), intervalMs: settings.busyInterval },
    settleMs: settings.settle,
    callDrainMs: settings.callDrain,
    restartDrainMs: settings.restartDrain,
    drainMarginMs: settings.drainMargin,
    gracePeriodMs: graceSeconds(pod) * 1000,
    redeliver: { enabled: settings.redeliver, limit: settings.redeliverLimit },
    job: isOfJob(pod),
    logLevel: settings.logLevel,
  };
}

/** Dapr's `app-ssl` (deprecated) makes http https and grpc grpcs (`pkg/injector/patcher/sidecar_container.go`). */
function protocolOf(daprd: Container): SidecarConfig["app"]["protocol"] {
  const protocol = flag(daprd, "app-protocol") ?? "http";
  const tls = hasFlag(daprd, "app-ssl");
  switch (protocol) {
    case "grpc":
      return tls ? "grpcs" : "grpc";
    case "https":
    case "grpcs":
    case "h2c":
      return protocol;
    default:
      return tls ? "https" : "http";
  }
}

function changeDaprd({ container, native }: Daprd, config: SidecarConfig): Warning[] {
  if (config.app.relay) {
    changeFlag(container, "app-port", String(RELAY_PORT));
    changeFlag(container, "app-channel-address", "127.0.0.1");
  }
  const graceful = Number(flag(container, "dapr-graceful-shutdown-seconds") ?? -1);
  if (graceful === 0 || graceful > MOST_GRACEFUL_SECONDS) {
    setFlag(container, "dapr-graceful-shutdown-seconds", String(MOST_GRACEFUL_SECONDS));
  } else if (graceful < 0 && native) {
    setFlag(container, "dapr-graceful-shutdown-seconds", String(NATIVE_GRACEFUL_SECONDS));
  }
  if (!removeFlag(container, "dapr-block-shutdown-duration")) return [];
  return [warning(
    "block-shutdown",
    "Took dapr.io/block-shutdown-duration away: DAPS keeps daprd until the app is gone, and with parked deliveries a blocked shutdown discards them; remove the annotation",
  )];
}

function raiseGracePeriod(pod: Pod, least: number | undefined): void {
  if (least === undefined) return;
  const seconds = Math.ceil(least / 1000);
  if (graceSeconds(pod) < seconds) pod.spec.terminationGracePeriodSeconds = seconds;
}

function hookWarnings(app: Container, held: boolean): Warning[] {
  return held ? [] : [warning(
    "app-exec-hook",
    `Container ${app.name} keeps its own preStop, which DAPS can't carry out, so DAPS can't hold its end: wait for the work there, or remove that hook`,
  )];
}

function settingWarnings(config: SidecarConfig, daprd: Daprd, { read: { settings } }: PlanContext): Warning[] {
  const warnings: Warning[] = [];
  if (daprd.native && settings.nativeSidecar === "false") {
    warnings.push(
      warning(
        "native-sidecar",
        "daprd is a native sidecar, which DAPS must outlive: daps.io/native-sidecar is overruled",
      ),
    );
  }
  const work = config.gracePeriodMs - config.drainMarginMs;
  if (work <= config.settleMs + config.callDrainMs) {
    warnings.push(warning(
      "grace-period",
      `A grace period of ${formatDuration(config.gracePeriodMs)} leaves ${
        formatDuration(Math.max(0, work))
      } for a drain: raise terminationGracePeriodSeconds, or set daps.io/min-grace-period`,
    ));
  }
  if (config.app.relay && (config.app.protocol === "https" || config.app.protocol === "grpcs")) {
    warnings.push(warning(
      "app-tls",
      "DAPS can't look into the TLS between daprd and the app: deliveries are not counted or parked one by one; the busy endpoint decides a drain",
    ));
  }
  if (Number(flag(daprd.container, "app-max-concurrency") ?? 0) > 0) {
    warnings.push(warning(
      "app-max-concurrency",
      "Deliveries parked in a drain hold slots of dapr.io/app-max-concurrency, so calls may wait until the pod is gone",
    ));
  }
  return warnings;
}

/** A native DAPS must start before daprd and end after it; sidecars end in the reverse order of the init containers. */
function place(pod: Pod, daps: Container, native: boolean): void {
  if (!native) {
    pod.spec.containers.push(daps);
    return;
  }
  const inits = pod.spec.initContainers ??= [];
  inits.splice(Math.max(0, inits.findIndex(({ name }) => name === "daprd")), 0, daps);
}

function addNoTokenVolume(pod: Pod): void {
  const volumes = pod.spec.volumes ??= [];
  if (!volumes.some(({ name }) => name === NO_TOKEN_VOLUME)) volumes.push({ name: NO_TOKEN_VOLUME, emptyDir: {} });
}
