/**
 * The pod as it should be: what DAPS changes, and what it has to say about it.
 *
 * Every step leaves alone what an earlier pass has done, so that a second pass changes nothing.
 * @module
 */
import { formatDuration } from "../duration.ts";
import { DAPR_GRPC_PORT, DAPR_HTTP_PORT, DAPR_PUBLIC_PORT, RELAY_PORT } from "../ports.ts";
import type { SettingsRead } from "../settings.ts";
import type { SidecarConfig } from "../sidecar-config.ts";
import { type Warning, warning } from "../warnings.ts";
import { readiness } from "./app.ts";
import { dapsContainer, NO_TOKEN_VOLUME, rewriteConfig } from "./daps-container.ts";
import { changeFlag, flag, hasFlag, removeFlag, setFlag } from "./flags.ts";
import { type TakenOver, takeOverPreStop } from "./hooks.ts";
import { type Container, DAPRD, type Daprd, graceSeconds, isOfJob, type Pod, portOf } from "./pod.ts";
import { dapsResources } from "./resources.ts";
import type { Target, Verdict } from "./verdict.ts";

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

/** A drain that has no more time than this, after it has settled, cuts off what any app works on. */
const SHORT_DRAIN_MS = 5000;
/** Past 30 s of graceful shutdown Dapr discards what is parked (`pkg/runtime/subscription/subscription.go`: Stop). */
const MOST_GRACEFUL_SECONDS = 25;
/** A native daprd gets SIGTERM when nothing is left to wait for. */
const NATIVE_GRACEFUL_SECONDS = 2;

/**
 * Changes `pod` in place.
 *
 * @returns what there is to say, empty where an earlier pass has said it
 */
export function plan(pod: Pod, injection: Injection, context: PlanContext): Warning[] {
  const { daprd, app, earlier } = injection;
  const token = earlier?.token ?? context.token;
  raiseGracePeriod(pod, context.read.settings.minGracePeriod);
  const config = earlier?.config ?? configure(pod, injection, context);
  const appHook = takeOverPreStop(app, "app", token, earlier && config.app);
  const daprdHook = daprd.native
    ? NOT_HELD
    : takeOverPreStop(daprd.container, "daprd", token, earlier && { held: true, preStop: config.daprd.preStop });
  const warnings = [
    ...injection.warnings,
    ...hookWarnings(app, config.app.held && !appHook.held),
    ...hookWarnings(daprd.container, !daprd.native && !daprdHook.held),
    ...changeDaprd(daprd, config),
  ];

  const planned: SidecarConfig = {
    ...config,
    app: { ...config.app, ...appHook },
    daprd: { ...config.daprd, preStop: daprdHook.preStop },
    gracePeriodMs: graceSeconds(pod) * 1000,
  };
  if (earlier) {
    rewriteConfig(earlier, planned);
    return warnings;
  }
  const { native, warnings: nativeWarnings } = chooseNative(daprd, context);
  const { resources, warnings: resourceWarnings } = dapsResources(context.read);
  const image = context.read.settings.sidecarImage ?? context.image;
  const { imagePullPolicy } = context;
  place(
    pod,
    dapsContainer(pod, daprd.container, { ...planned, native }, { image, imagePullPolicy, resources, native, token }),
    native,
  );
  addNoTokenVolume(pod);
  return [...warnings, ...nativeWarnings, ...resourceWarnings, ...settingWarnings(planned, daprd)];
}

const NOT_HELD: TakenOver = { held: false, preStop: null };

function configure(pod: Pod, { daprd, app, target }: Injection, { read }: PlanContext): SidecarConfig {
  const { settings, annotated } = read;
  const { host, port, relay }: Target = target;
  const protocol = protocolOf(daprd.container);
  const tls = protocol === "https" || protocol === "grpcs";
  return {
    app: {
      container: app.name,
      host,
      port,
      protocol,
      healthPath: healthPathOf(daprd.container),
      relay,
      held: true,
      preStop: null,
    },
    daprd: {
      native: daprd.native,
      httpPort: portOf(flag(daprd.container, "dapr-http-port")) ?? DAPR_HTTP_PORT,
      publicPort: portOf(flag(daprd.container, "dapr-public-port")) ?? DAPR_PUBLIC_PORT,
      grpcPort: portOf(flag(daprd.container, "dapr-grpc-port")) ?? DAPR_GRPC_PORT,
      stop: settings.daprdStop,
      preStop: null,
    },
    ready: readiness(app, settings, { host, port, tls }),
    busy: { path: settings.busyPath, binding: annotated.has("busyPath"), intervalMs: settings.busyInterval },
    settleMs: settings.settle,
    callDrainMs: settings.callDrain,
    restartDrainMs: settings.restartDrain,
    drainMarginMs: settings.drainMargin,
    lingerMs: settings.linger ?? null,
    gracePeriodMs: graceSeconds(pod) * 1000,
    redeliver: { enabled: settings.redeliver, limit: settings.redeliverLimit },
    hold: dapsResources(read).hold,
    job: isOfJob(pod),
    // Chosen when the container is placed.
    native: daprd.native,
    logLevel: settings.logLevel,
  };
}

/** Dapr's app-health probe, which is off by default; its path has a default (Dapr `pkg/injector/annotations`). */
function healthPathOf(daprd: Container): string | null {
  if (!hasFlag(daprd, "enable-app-health-check")) return null;
  const path = flag(daprd, "app-health-check-path") || "/healthz";
  return path.startsWith("/") ? path : `/${path}`;
}

/** Whether DAPS is a native sidecar. */
function chooseNative(
  daprd: Daprd,
  { read: { settings }, nativeSupported }: PlanContext,
): { readonly native: boolean; readonly warnings: Warning[] } {
  if (daprd.native) {
    return {
      native: true,
      warnings: settings.nativeSidecar !== "false" ? [] : [warning(
        "native-sidecar",
        'daprd is a native sidecar, and DAPS ends in order with it only as one: daps.io/native-sidecar: "false" is overruled, remove it',
      )],
    };
  }
  if (settings.nativeSidecar === "true" && !nativeSupported) {
    return {
      native: false,
      // There an init container that does not end keeps the pod from starting.
      warnings: [warning(
        "native-sidecar",
        'Kubernetes has native sidecars from 1.29 on: daps.io/native-sidecar: "true" is overruled, remove it',
      )],
    };
  }
  return { native: settings.nativeSidecar !== "false" && nativeSupported, warnings: [] };
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

function hookWarnings({ name, lifecycle }: Container, kept: boolean): Warning[] {
  if (!kept) return [];
  const kind = Object.keys(lifecycle?.preStop ?? {})[0] ?? "";
  return [warning(
    "app-exec-hook",
    `Container ${name} keeps its own preStop (${kind}), which DAPS can't carry out, so DAPS can't hold its end: wait for the work there, or remove that hook`,
  )];
}

function settingWarnings(config: SidecarConfig, daprd: Daprd): Warning[] {
  const warnings: Warning[] = [];
  const work = config.gracePeriodMs - config.drainMarginMs;
  if (work <= config.settleMs + SHORT_DRAIN_MS) {
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

/**
 * Native sidecars start in the order of the init containers, and end in the reverse one after all main containers
 * (`kuberuntime_termination_order.go`). Behind a native daprd DAPS gets its SIGTERM when the app is gone, and daprd none
 * before DAPS has ended: so DAPS can end daprd in a way that gives all back to the broker.
 */
function place(pod: Pod, daps: Container, native: boolean): void {
  if (!native) {
    pod.spec.containers.push(daps);
    return;
  }
  const inits = pod.spec.initContainers ??= [];
  inits.splice(inits.findIndex(({ name }) => name === DAPRD) + 1, 0, daps);
}

function addNoTokenVolume(pod: Pod): void {
  const volumes = pod.spec.volumes ??= [];
  if (!volumes.some(({ name }) => name === NO_TOKEN_VOLUME.name)) volumes.push({ ...NO_TOKEN_VOLUME });
}
