/**
 * Every setting of DAPS: one table, from which the parser, the check of the chart's schema and the reference come.
 * @module
 */
import {
  bytes,
  containerName,
  duration,
  httpPath,
  image,
  integer,
  oneOf,
  quantity,
  truth,
  type ValueType,
} from "./values.ts";
import { type Warning, warning } from "./warnings.ts";

export const ANNOTATION_PREFIX = "daps.io/";

/** A row of the table. */
export type Setting<T = unknown> = {
  /** The annotation's key after `daps.io/`. */
  readonly key: string;
  /** Where the chart's value lies in values.yaml, if it has one. */
  readonly chart: string | null;
  readonly type: ValueType<T>;
  /** Undefined: not set. */
  readonly default: T | undefined;
  readonly meaning: string;
};

type Required<T> = Omit<Setting<T>, "default"> & { readonly default: NoInfer<T> };

function required<T>(row: Required<T>): Required<T> {
  return row;
}

function optional<T>(row: Omit<Setting<T>, "default">): Setting<T> & { readonly default: undefined } {
  return { ...row, default: undefined };
}

/** The table. Durations are in milliseconds. */
export const SETTINGS = {
  enabled: required({
    key: "enabled",
    chart: "defaults.enabled",
    type: truth,
    default: true,
    meaning: "`false` leaves the pod alone.",
  }),
  readyPath: optional({
    key: "ready-path",
    chart: "defaults.readyPath",
    type: httpPath,
    meaning: "HTTP path of the app; a 2xx answer means ready, and it is waited for without end. Not set: the app " +
      "container's own readinessProbe if it has one, else its port accepting a connection.",
  }),
  readyTimeout: optional({
    key: "ready-timeout",
    chart: "defaults.readyTimeout",
    type: duration(1000),
    meaning: "After this long the gate opens all the same, with a warning. Not set: `60s` for a readiness taken from " +
      "the readinessProbe (an app whose readiness asks Dapr's `/v1.0/healthz` would wait for itself; ask " +
      "`/v1.0/healthz/outbound` there), never for `ready-path`.",
  }),
  readyInterval: required({
    key: "ready-interval",
    chart: "defaults.readyInterval",
    type: duration(10, 60_000),
    default: 100,
    meaning: "How often to ask whether the app is ready.",
  }),
  busyPath: required({
    key: "busy-path",
    chart: "defaults.busyPath",
    type: httpPath,
    default: "/api/busy",
    meaning: 'HTTP path of the app that answers `{"busy": true|false}`, optionally with `"reason"` or `"count"`. Set ' +
      "by annotation it binds: a failure counts as busy while the port still accepts. Else it binds once it has " +
      "answered in that form; until then the count of what is in flight decides alone.",
  }),
  busyInterval: required({
    key: "busy-interval",
    chart: "defaults.busyInterval",
    type: duration(10, 60_000),
    default: 250,
    meaning: "How often to ask whether the app is busy, in a drain.",
  }),
  appContainer: optional({
    key: "app-container",
    chart: null,
    type: containerName,
    meaning: "Which container is the app. Not set: the one that declares `dapr.io/app-port`, else the only one that " +
      "is not a known sidecar, else the first.",
  }),
  appPort: optional({
    key: "app-port",
    chart: null,
    type: integer(1, 65_535),
    meaning: "Port of an app that Dapr does not call (a publisher, a streaming subscriber): busy and hooks without a " +
      "relay. Not set: `dapr.io/app-port`.",
  }),
  settle: required({
    key: "settle",
    chart: "defaults.settle",
    type: duration(0, 60_000),
    default: 400,
    meaning:
      "How long deliveries and busy must stay idle before it counts: Dapr acknowledges to the broker after the " +
      "app's answer.",
  }),
  callDrain: required({
    key: "call-drain",
    chart: "defaults.callDrain",
    type: duration(0),
    default: 20_000,
    meaning:
      "How long calls of other apps, in flight or still coming, may hold the app after its deliveries are done: " +
      "Dapr's sidecars keep the address of a pod for up to 20 s.",
  }),
  drainMargin: required({
    key: "drain-margin",
    chart: "defaults.drainMargin",
    type: duration(1000, 60_000),
    default: 3000,
    meaning: "Let go this long before the pod's grace period ends.",
  }),
  restartDrain: required({
    key: "restart-drain",
    chart: "defaults.restartDrain",
    type: duration(0),
    default: 10_000,
    meaning: "How long a restart of the app alone waits for work in flight.",
  }),
  linger: optional({
    key: "linger",
    chart: "defaults.linger",
    type: duration(0),
    meaning: "How long an ordinary Dapr sidecar stays after the app's port refuses and the app has no connection to " +
      "Dapr's API left. Not set: `2s` after the last call of an app that makes a connection for each one while it " +
      "ends, and in the pod of a Job; else `1s`.",
  }),
  minGracePeriod: optional({
    key: "min-grace-period",
    chart: "defaults.minGracePeriod",
    type: duration(1000),
    meaning: "Raises the pod's `terminationGracePeriodSeconds` to at least this.",
  }),
  nativeSidecar: required({
    key: "native-sidecar",
    chart: "sidecar.native",
    type: oneOf("auto", "true", "false"),
    default: "auto",
    meaning: "DAPS as a native sidecar; `auto`: on Kubernetes 1.29 and later. `false` is overruled, with a warning, " +
      "where Dapr's sidecar is native.",
  }),
  daprdStop: required({
    key: "daprd-stop",
    chart: "defaults.daprdStop",
    type: oneOf("auto", "graceful", "prompt"),
    default: "auto",
    meaning: "How Dapr's sidecar is stopped once the app is gone: `graceful` (SIGTERM), `prompt` (its " +
      "shutdown API with force, so that the broker gives what it holds to others), `auto`: prompt, but for a Job " +
      "with an ordinary one.",
  }),
  redeliver: required({
    key: "redeliver",
    chart: "defaults.redeliver",
    type: truth,
    default: true,
    meaning: "Deliver again, after a crash of the app, what was in flight.",
  }),
  redeliverLimit: required({
    key: "redeliver-limit",
    chart: "defaults.redeliverLimit",
    type: integer(1, 100),
    default: 3,
    meaning: "How often a delivery is attempted in all; then Dapr's own policy decides.",
  }),
  holdPerRequest: required({
    key: "hold-per-request",
    chart: "defaults.holdPerRequest",
    type: bytes(0, 2 ** 30),
    default: 4 * 2 ** 20,
    meaning: "How much of one request is kept in memory while it waits, or might have to be delivered again. What is " +
      "larger is not delivered again. The default is Dapr's own limit of a request.",
  }),
  holdTotal: required({
    key: "hold-total",
    chart: "defaults.holdTotal",
    type: bytes(0, 2 ** 30),
    default: 32 * 2 ** 20,
    meaning: "How much of all requests is kept, no more than a quarter of `sidecar-memory-limit`. `0`: only what one " +
      "read brings, some kilobytes.",
  }),
  sidecarImage: optional({
    key: "sidecar-image",
    chart: "sidecar.image",
    type: image,
    meaning: "Image of the sidecar. Not set: the webhook's own.",
  }),
  cpuRequest: required({
    key: "sidecar-cpu-request",
    chart: "sidecar.cpuRequest",
    type: quantity,
    default: "10m",
    meaning: "CPU request of the sidecar.",
  }),
  cpuLimit: optional({
    key: "sidecar-cpu-limit",
    chart: "sidecar.cpuLimit",
    type: quantity,
    meaning: "CPU limit of the sidecar.",
  }),
  memoryRequest: required({
    key: "sidecar-memory-request",
    chart: "sidecar.memoryRequest",
    type: quantity,
    default: "48Mi",
    meaning: "Memory request of the sidecar.",
  }),
  memoryLimit: required({
    key: "sidecar-memory-limit",
    chart: "sidecar.memoryLimit",
    type: quantity,
    default: "192Mi",
    meaning: "Memory limit of the sidecar.",
  }),
  logLevel: required({
    key: "log-level",
    chart: "sidecar.logLevel",
    type: oneOf("debug", "info", "warn", "error"),
    default: "info",
    meaning: "What the sidecar logs.",
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<S> = S extends { readonly type: ValueType<infer T>; readonly default: infer D }
  ? D extends undefined ? T | undefined
  : T
  : never;

/** The value of each setting. */
export type Settings = { readonly [K in SettingName]: ValueOf<(typeof SETTINGS)[K]> };

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

export type SettingsRead = {
  readonly settings: Settings;
  /** Those that an annotation of the pod gave, in a form that was accepted. */
  readonly annotated: ReadonlySet<SettingName>;
  readonly warnings: readonly Warning[];
};

/**
 * Reads the settings of one pod: its annotation wins over the chart's value, that over the default. A value of the
 * wrong form is named in a warning, and what it would have overridden stays.
 *
 * @param annotations the pod's, all of them
 * @param chart the chart's values, keyed as in the table's `chart` column; booleans and numbers are taken as their text
 */
export function readSettings(
  annotations: Readonly<Record<string, string>>,
  chart: Readonly<Record<string, unknown>> = {},
): SettingsRead {
  const values: Partial<Record<SettingName, unknown>> = {};
  const annotated = new Set<SettingName>();
  const warnings: Warning[] = [];
  for (const name of SETTING_NAMES) {
    const row: Setting = SETTINGS[name];
    values[name] = row.default;
    const ofChart = row.chart === null ? undefined : chart[row.chart];
    if (ofChart !== undefined && ofChart !== null && ofChart !== "") {
      const text = typeof ofChart === "string" ? ofChart : JSON.stringify(ofChart);
      const value = row.type.parse(text);
      if (value !== undefined) values[name] = value;
      else warnings.push(badValue(`the chart's value ${row.chart}`, text, row));
    }
    const key = ANNOTATION_PREFIX + row.key;
    const annotation = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
    if (annotation === undefined) continue;
    const value = row.type.parse(annotation);
    if (value === undefined) {
      warnings.push(badValue(`annotation ${key}`, annotation, row));
      continue;
    }
    values[name] = value;
    annotated.add(name);
  }
  return { settings: values as Settings, annotated, warnings: [...warnings, ...unknownKeys(annotations)] };
}

/** Annotations that DAPS writes itself. */
export const OWN_ANNOTATIONS = { status: "daps.io/status", warnings: "daps.io/warnings" } as const;

function badValue(what: string, value: string, row: Setting): Warning {
  return warning("bad-value", `Cannot use ${what}: accepted is ${row.type.accepts}; received ${quote(value)}`);
}

function unknownKeys(annotations: Readonly<Record<string, string>>): Warning[] {
  const known = new Set<string>([
    ...SETTING_NAMES.map((name) => ANNOTATION_PREFIX + SETTINGS[name].key),
    ...Object.values(OWN_ANNOTATIONS),
  ]);
  return Object.keys(annotations).filter((key) => key.startsWith(ANNOTATION_PREFIX) && !known.has(key)).map((key) =>
    warning("unknown-annotation", `Annotation ${key} is not a setting of DAPS and has no effect`)
  );
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
