/**
 * The sidecar's wiring.
 * @module
 */
import { Ledger, total } from "../core/ledger.ts";
import type { PhasePolicy } from "../core/phases/state.ts";
import { ADMIN_PORT, RELAY_PORT } from "../core/ports.ts";
import { statusOf } from "../core/report.ts";
import {
  parseSidecarConfig,
  SIDECAR_ENV,
  type SidecarConfig,
  TERMINATION_MESSAGE_PATH,
} from "../core/sidecar-config.ts";
import { systemClock } from "../host/clock.ts";
import { createLog, errorMessage, type Log } from "../host/log.ts";
import { giveMemoryBack } from "../host/memory.ts";
import { optionalEnv, requiredEnv } from "../host/process/env.ts";
import { type HostProcess, hostProcess } from "../host/process/index.ts";
import { serve } from "../host/serve/index.ts";
import { systemSockets } from "../host/sockets/index.ts";
import { onUncaught } from "../host/uncaught.ts";
import { systemTcpTable } from "../host/tcp-table/index.ts";
import { createAdmin } from "./admin.ts";
import { startAsking } from "./asking.ts";
import { Hooks } from "./hooks.ts";
import { Lifecycle } from "./lifecycle.ts";
import { createMetrics } from "./metrics.ts";
import { narrate } from "./narrator.ts";
import { BusyProbe } from "./probes/busy.ts";
import { daprdProbe } from "./probes/daprd.ts";
import { createRelay } from "./relay.ts";
import type { Protocol, Relay } from "./relay/contract.ts";
import { sayCut, sayParked } from "./relay-log.ts";
import { tidyWhenQuiet } from "./tidying.ts";

/** How the relay looks at each `dapr.io/app-protocol`: what is encrypted passes unread. */
const PROTOCOLS: Readonly<Record<SidecarConfig["app"]["protocol"], Protocol>> = {
  http: "http1",
  h2c: "http2",
  grpc: "http2",
  https: "opaque",
  grpcs: "opaque",
};

/** Resolves to the exit code when the pod's end has come. */
export async function main(): Promise<number> {
  const process = await hostProcess();
  const config = parseSidecarConfig(requiredEnv(process.env, SIDECAR_ENV.config));
  const token = requiredEnv(process.env, SIDECAR_ENV.token);
  const clock = systemClock;
  const log = createLog({ level: config.logLevel, write: process.print, clock });
  const [sockets, tcpTable] = await Promise.all([systemSockets(), systemTcpTable()]);

  let finished = 0;
  let cutOff = 0;
  const ledger = new Ledger(() => lifecycle.trafficChanged());
  const busy = new BusyProbe(config, sockets);
  const daprd = daprdProbe(config.daprd, optionalEnv(process.env, SIDECAR_ENV.daprApiToken), sockets);
  const policy: PhasePolicy = {
    ...config,
    readyTimeoutMs: config.ready.timeoutMs,
    appHeld: config.app.held,
    daprdNative: config.daprd.native,
    daprdStop: config.daprd.stop,
  };
  const lifecycle: Lifecycle = new Lifecycle({
    policy,
    clock,
    ledger,
    opaqueAt: () => busy.last.source === "endpoint" ? null : relay?.lastOpaqueByteAt ?? null,
    calledAt: () => relay?.lastCallAt ?? null,
    onAppDied: (detail) => log.info("a connection to the app ended with work on it", { detail }),
  });
  const metrics = createMetrics(ledger, () => lifecycle.state.phase);
  const relay: Relay | undefined = config.app.relay
    ? createRelay({
      listen: { host: "127.0.0.1", port: RELAY_PORT },
      app: { host: config.app.host, port: config.app.port },
      protocol: PROTOCOLS[config.app.protocol],
      gate: lifecycle,
      ledger,
      sockets,
      now: () => clock.now(),
      hold: config.hold,
      redeliver: config.redeliver.enabled ? { limit: config.redeliver.limit } : null,
      health: config.app.healthPath === null
        ? null
        : { path: config.app.healthPath, answers: () => lifecycle.state.phase !== "serving" },
      onRequest({ class: cls, outcome }) {
        metrics.requested(cls, outcome);
        if (cls !== "delivery") return;
        if (outcome === "finished") finished++;
        if (outcome === "app-died" || outcome === "peer-closed") cutOff++;
      },
      onPark: sayParked(ledger, log),
      onCut: (cut) => {
        if (cut.fate === "stay") metrics.tooLarge();
        sayCut(cut, log);
      },
      onRedeliver: () => metrics.redelivered(),
      onFault: (error) =>
        log.error("a connection of the relay failed in an unforeseen way", { error: errorMessage(error) }),
      onAskAgain({ path, status }) {
        log.warn("the app's answer would cost it this for good, as Dapr asks once: asking again", { path, status });
      },
    })
    : undefined;

  narrate({
    lifecycle,
    ledger,
    busy: () => busy.last,
    finished: () => finished,
    cutOff: () => cutOff,
    clock,
    log,
    metrics,
    writeTerminationMessage: (message) => writeTerminationMessage(process, message),
  });
  const hooks = new Hooks({
    lifecycle,
    clock,
    log,
    userHooks: { app: config.app.preStop, daprd: config.daprd.preStop },
    userHookTimeoutMs: config.gracePeriodMs,
  });
  const admin = createAdmin({
    token,
    hold: (name) => hooks.hold(name),
    status: () =>
      statusOf(lifecycle.state, ledger.inFlight, ledger.parked, busy.last, clock.now(), clock.wall().getTime()),
    metrics,
  });
  await serve({ hostname: "::", port: ADMIN_PORT, fetch: (request) => admin.fetch(request) });
  process.onEndSignal((signal) => {
    log.info("asked to end", { signal });
    lifecycle.dispatch({ type: "sigterm" });
  });
  let failed = false;
  onUncaught((error) => {
    failed = true;
    log.error("an error that nobody foresaw: ends in order, daprd first", { error: errorMessage(error) });
    lifecycle.dispatch({ type: "sigterm" });
  });
  if (relay) void openWhenReady(relay, lifecycle, log);
  log.info("gating", {
    ready: config.ready,
    app: config.app,
    daprdNative: config.daprd.native,
    sockets: sockets.kind,
    seesConnections: tcpTable !== null,
  });
  if (await daprd.isUp()) lifecycle.dispatch({ type: "daprd-up" });
  startAsking({
    config,
    policy,
    lifecycle,
    clock,
    log,
    sockets,
    tcpTable,
    inFlight: () => total(ledger.inFlight),
    busy,
    daprd,
    connections: () => relay?.connections ?? 0,
  });
  tidyWhenQuiet(ledger, clock, giveMemoryBack);

  await lifecycle.until((_, { exit, finished }) => exit || (finished && !config.native));
  return failed ? 1 : 0;
}

async function openWhenReady(relay: Relay, lifecycle: Lifecycle, log: Log): Promise<void> {
  await lifecycle.until((_, { relayOpen }) => relayOpen);
  try {
    await relay.open();
  } catch (error) {
    log.error("can't open the relay's port; Dapr will not reach the app", {
      port: RELAY_PORT,
      error: errorMessage(error),
    });
    return;
  }
  await lifecycle.until(({ phase }) => phase === "leaving" || phase === "forced" || phase === "gone");
  relay.abandonParked();
  // A daprd that is started again must not find the port of a DAPS that is about to end.
  await lifecycle.until(({ phase, daprdGone }) => phase === "gone" && daprdGone);
  relay.close();
}

// What can't be written is in the log as well.
function writeTerminationMessage(process: HostProcess, message: string): void {
  try {
    process.writeFile(TERMINATION_MESSAGE_PATH, message);
  } catch {
    return;
  }
}
