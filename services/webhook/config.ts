/**
 * The webhook's configuration: JSON in `DAPS_WEBHOOK`, which the chart writes.
 *
 * A value that can't be used is named and its default taken: a typing error must not keep the webhook from starting, or
 * every pod made meanwhile would be without DAPS.
 * @module
 */
import * as v from "valibot";
import type { AdmissionOptions } from "../core/admission/admit.ts";
import { readSettings, SETTING_NAMES, SETTINGS } from "../core/settings.ts";
import { LOG_LEVELS, type LogLevel } from "../host/log.ts";

export const WEBHOOK_ENV = "DAPS_WEBHOOK";

export type WebhookConfig = {
  readonly admission: AdmissionOptions;
  /** Where it listens, for both ports. */
  readonly hostname: string;
  /** HTTPS: admission, and all of the other port. */
  readonly port: number;
  /** Plain HTTP: probes and metrics. */
  readonly metricsPort: number;
  /** Folder with `tls.crt` and `tls.key`. */
  readonly tlsFolder: string;
  /** How often that folder is read again, in milliseconds. */
  readonly tlsPollMs: number;
  readonly logLevel: LogLevel;
  /** How long it keeps answering after SIGTERM, until no API server asks it any more, in milliseconds. */
  readonly propagationMs: number;
  /** How long requests in flight may take after that, in milliseconds. */
  readonly graceMs: number;
};

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const ms = v.pipe(v.number(), v.minValue(0));
const text = v.pipe(v.string(), v.nonEmpty());

const fields = {
  chart: v.optional(v.record(v.string(), v.unknown()), {}),
  nativeSupported: v.optional(v.boolean(), false),
  imagePullPolicy: v.optional(v.picklist(["Always", "IfNotPresent", "Never"]), "IfNotPresent"),
  hostname: v.optional(text, "::"),
  port: v.optional(port, 8443),
  metricsPort: v.optional(port, 8080),
  tlsFolder: v.optional(text, "/etc/daps/tls"),
  tlsPollMs: v.optional(v.pipe(v.number(), v.minValue(10)), 5000),
  logLevel: v.optional(v.picklist(LOG_LEVELS), "info"),
  propagationMs: v.optional(ms, 3000),
  graceMs: v.optional(ms, 10_000),
} as const;

/**
 * @returns the configuration, and what could not be used of `json`, in sentences
 * @throws {TypeError} when `json` is no JSON object or names no image: then there is nothing to inject
 */
export function parseWebhookConfig(json: string): { config: WebhookConfig; complaints: readonly string[] } {
  const given = readObject(json);
  const complaints: string[] = [];
  const read = <K extends keyof typeof fields>(key: K): v.InferOutput<(typeof fields)[K]> => {
    const result = v.safeParse(fields[key], given[key]);
    if (result.success) return result.output;
    const [{ expected, received }] = result.issues;
    const fallback = v.getDefault(fields[key]);
    complaints.push(
      `Cannot use ${WEBHOOK_ENV}.${key}: accepted is ${expected}; received ${received}; ${
        JSON.stringify(fallback)
      } is used`,
    );
    return fallback;
  };
  const { image, ...others } = given;
  if (typeof image !== "string" || image === "") {
    throw new TypeError(
      `Cannot read ${WEBHOOK_ENV}: image must be the sidecar's image: received ${JSON.stringify(image)}`,
    );
  }
  for (const key of Object.keys(others)) {
    if (!Object.hasOwn(fields, key)) complaints.push(`${WEBHOOK_ENV}.${key} is not known and has no effect`);
  }
  const { chart, nativeSupported, imagePullPolicy, ...rest } = Object.fromEntries(
    (Object.keys(fields) as (keyof typeof fields)[]).map((key) => [key, read(key)]),
  ) as { [K in keyof typeof fields]: v.InferOutput<(typeof fields)[K]> };
  complaints.push(...chartComplaints(chart));
  return { config: { ...rest, admission: { chart, image, nativeSupported, imagePullPolicy } }, complaints };
}

function readObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // Named below with all else that is no object.
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new TypeError(`Cannot read ${WEBHOOK_ENV}: it must be a JSON object: received ${json.slice(0, 80)}`);
}

function chartComplaints(chart: Readonly<Record<string, unknown>>): string[] {
  const known = new Set<string | null>(SETTING_NAMES.map((name) => SETTINGS[name].chart));
  const unknown = Object.keys(chart).filter((key) => !known.has(key));
  return [
    ...unknown.map((key) => `The chart's value ${key} is not a setting of DAPS and has no effect`),
    ...readSettings({}, chart).warnings.map(({ message }) => message),
  ];
}
