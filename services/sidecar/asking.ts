/**
 * Asks the questions that a state of the sidecar wants answered, and turns the answers into events.
 * @module
 */
import { AppEnd, USUAL_LINGER_MS } from "../core/app-end.ts";
import type { Orders } from "../core/phases/orders.ts";
import { endsWithApp, type PhasePolicy, type State } from "../core/phases/state.ts";
import type { SidecarConfig } from "../core/sidecar-config.ts";
import { type Clock, sleep } from "../host/clock.ts";
import type { Log } from "../host/log.ts";
import type { Sockets } from "../host/sockets/index.ts";
import type { TcpTable } from "../host/tcp-table/index.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { BusyProbe } from "./probes/busy.ts";
import type { DaprdProbe } from "./probes/daprd.ts";
import { askReady, portAccepts } from "./probes/ready.ts";

/** How often to ask daprd to exit at once: on a busy node it may not have heard. */
const STOP_INTERVAL_MS = 1000;
/** How often to look whether a process is gone. */
const GONE_INTERVAL_MS = 50;
/** How often to look whether the app of a Job is gone, as long as it runs. */
const FINISHED_INTERVAL_MS = 500;
/** A port may refuse for a moment, with a full backlog; gone is what refuses twice. */
const REFUSALS = 2;

export type AskingOptions = {
  readonly config: SidecarConfig;
  readonly policy: PhasePolicy;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly log: Log;
  readonly sockets: Sockets;
  /** Null: the connections of the pod can't be read here. */
  readonly tcpTable: TcpTable | null;
  /** Requests of all classes that the app is at work on. */
  readonly inFlight: () => number;
  readonly busy: BusyProbe;
  readonly daprd: DaprdProbe;
  /** Connections that daprd has open to the relay. */
  readonly connections: () => number;
};

/** Starts to ask; goes on as long as the process lives. */
export function startAsking(options: AskingOptions): void {
  const { config, policy, lifecycle, clock, log, sockets, inFlight, busy, daprd, connections } = options;
  const app = { host: config.app.host, port: config.app.port };
  let saidNotReady = "";

  whenever((_, { ask }) => ask.ready, config.ready.intervalMs, async () => {
    const { check, source } = config.ready;
    const notReady = await askReady(check, source, app.host, sockets);
    if (notReady === undefined) return lifecycle.dispatch({ type: "ready" });
    if (notReady !== saidNotReady) log.debug("the app is not ready", { detail: notReady });
    saidNotReady = notReady;
  });

  // Once when the app is ready, so that an endpoint which answers then binds; again and again in a drain.
  whenever(({ phase }) => phase === "serving", null, async () => {
    const { source, value, reason } = await busy.ask();
    if (source === "in-flight") {
      log.info("the app has no busy endpoint: what is in flight decides a drain", { path: config.busy.path, reason });
    } else log.info("the app's busy endpoint decides a drain", { path: config.busy.path, busy: value });
  });
  whenever((_, { ask }) => ask.busy, config.busy.intervalMs, async () => {
    const { value } = await busy.ask();
    // An app that never became ready has no work of Dapr's; its silence does not hold it.
    lifecycle.dispatch({ type: "busy", busy: value && (lifecycle.state.relayOpen || busy.last.reason === null) });
    lifecycle.trafficChanged();
  });

  const apiPorts = [config.daprd.httpPort, config.daprd.grpcPort];
  let appEnd = new AppEnd({ apiPorts, lingerMs: config.lingerMs });
  let endOf: number | undefined;
  const endOfDrain = (): AppEnd => {
    const drain = lifecycle.state.drain?.startedAt;
    if (endOf !== drain) appEnd = new AppEnd({ apiPorts, lingerMs: config.lingerMs });
    endOf = drain;
    return appEnd;
  };
  const released = ({ drain }: State): boolean => typeof drain?.releasedAt === "number";
  // The hook is answered after this.
  lifecycle.onStateChange(({ before, after }) => {
    if (!released(before) && released(after)) endOfDrain().begin(readTable());
  });
  whenever((_, { ask }) => ask.appGone, GONE_INTERVAL_MS, async () => {
    const drain = lifecycle.state.drain;
    const end = endOfDrain();
    const portAccepts = await askPort();
    // Of an app that has not been told to end, the port says enough as long as it accepts.
    const tcpTable = portAccepts && drain?.releasedAt === null ? null : readTable();
    if (end.take({ portAccepts, inFlight: inFlight(), tcpTable }, clock.now())) {
      lifecycle.dispatch({ type: "app-gone" });
    }
  });
  if (endsWithApp(policy)) {
    const jobEnd = new AppEnd({ apiPorts, lingerMs: config.lingerMs ?? USUAL_LINGER_MS });
    let begun = false;
    whenever(({ drain }) => drain === null, FINISHED_INTERVAL_MS, async () => {
      const portAccepts = await askPort();
      begun ||= portAccepts;
      const tcpTable = portAccepts ? null : readTable();
      const gone = jobEnd.take({ portAccepts, inFlight: inFlight(), tcpTable }, clock.now());
      if (begun && gone) lifecycle.dispatch({ type: "app-finished" });
    });
  }
  whenever(
    (_, { ask }) => ask.appRefuses,
    GONE_INTERVAL_MS,
    inSuccession(
      async () => !(await askPort()),
      () => lifecycle.dispatch({ type: "app-gone" }),
    ),
  );
  whenever(
    (_, { ask }) => ask.daprdGone,
    GONE_INTERVAL_MS,
    inSuccession(
      async () => connections() === 0 && await daprd.portsRefuse(),
      () => lifecycle.dispatch({ type: "daprd-gone" }),
    ),
  );
  whenever((_, { stopDaprdPromptly }) => stopDaprdPromptly, STOP_INTERVAL_MS, async () => {
    log.info("asked daprd to exit at once, so that the broker takes back what is parked", {
      detail: await daprd.shutDown({ atOnce: true }),
    });
  });
  whenever((_, { stopDaprdGracefully }) => stopDaprdGracefully, null, async () => {
    log.info("asked daprd to end, as the app has", {
      detail: await daprd.shutDown({ atOnce: false }),
    });
  });

  function askPort(): Promise<boolean> {
    return portAccepts(app, sockets);
  }

  function readTable(): string | null {
    try {
      return options.tcpTable?.() ?? null;
    } catch {
      return null;
    }
  }

  /** Asks each time `wanted` becomes true, and again after `intervalMs` while it stays so; null: once. */
  function whenever(
    wanted: (state: State, orders: Orders) => boolean,
    intervalMs: number | null,
    ask: () => Promise<void>,
  ): void {
    let asking = false;
    const start = async (): Promise<void> => {
      asking = true;
      do {
        await ask();
        if (intervalMs === null) break;
        await sleep(clock, intervalMs);
      } while (wanted(lifecycle.state, lifecycle.orders));
      if (intervalMs === null) await lifecycle.until((state, orders) => !wanted(state, orders));
      asking = false;
      check();
    };
    const check = (): void => {
      if (!asking && wanted(lifecycle.state, lifecycle.orders)) void start();
    };
    lifecycle.onStateChange(check);
    check();
  }
}

/** Calls `then` when `test` has been true twice in a row. */
function inSuccession(test: () => Promise<boolean>, then: () => void): () => Promise<void> {
  let times = 0;
  return async () => {
    times = await test() ? times + 1 : 0;
    if (times < REFUSALS) return;
    times = 0;
    then();
  };
}
