/**
 * What the webhook tells the sidecar: the only thing that passes between them, as JSON in `DAPS_CONFIG`.
 * @module
 */
import * as v from "valibot";
import { DAPR_GRPC_PORT } from "./ports.ts";

/** Environment variables of the `daps` container. */
export const SIDECAR_ENV = {
  config: "DAPS_CONFIG",
  /** Without it in the header `daps-token` a hook is refused. */
  token: "DAPS_TOKEN",
  /** Copied from daprd's container if it has one; Dapr's shutdown API asks for it. */
  daprApiToken: "DAPR_API_TOKEN",
} as const;

/** The header that carries the pod's token to a hook. */
export const TOKEN_HEADER = "daps-token";

/** Where the container's last words go: Deno refuses writes below `/dev`, the kubelet's default,
 * without `--allow-all`. */
export const TERMINATION_MESSAGE_PATH = "/daps/termination-message";

/**
 * Where Debian and its like have the C library, by architecture: what the sidecar may call beside Deno's own, for its
 * sockets. Deno takes no bare name: it would look for it in the working folder.
 */
export const LIBC_PATHS = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"] as const;

/** Whose end a hook holds. */
export type HookName = "app" | "daprd" | "daps";

export const HOOK_NAMES: readonly HookName[] = ["app", "daprd", "daps"];

/** Path of a hook on the admin port. */
export function hookPath(name: HookName): string {
  return `/hooks/${name}`;
}

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const ms = v.pipe(v.number(), v.minValue(0));
const headers = v.array(v.object({ name: v.string(), value: v.string() }));

const httpGet = v.object({
  scheme: v.picklist(["http", "https"]),
  /** Null: the pod's own, by loopback for readiness, by the pod's address for a preStop. */
  host: v.nullable(v.string()),
  port,
  path: v.string(),
  headers,
});

/** An HTTP request as a probe or a hook of a container states it. */
export type HttpGet = v.InferOutput<typeof httpGet>;

const ready = v.variant("kind", [
  v.object({ kind: v.literal("http"), get: httpGet }),
  v.object({ kind: v.literal("tcp"), port }),
  v.object({ kind: v.literal("grpc"), port, service: v.string() }),
]);

/** How readiness is asked. */
export type ReadyCheck = v.InferOutput<typeof ready>;

/** A preStop of the user's that DAPS carries out after the drain, in its place. */
const userHook = v.variant("kind", [
  v.object({ kind: v.literal("httpGet"), get: httpGet }),
  v.object({ kind: v.literal("sleep"), ms }),
]);

export type UserHook = v.InferOutput<typeof userHook>;

const schema = v.object({
  app: v.object({
    container: v.string(),
    /** Where daprd would reach the app without DAPS. */
    host: v.string(),
    port,
    protocol: v.picklist(["http", "https", "grpc", "grpcs", "h2c"]),
    /** Where Dapr asks whether the app is healthy; null: it does not. */
    healthPath: v.nullish(v.string(), null),
    /** False: daprd does not call the app; busy and hooks only. */
    relay: v.boolean(),
    /** Whether DAPS holds the app container's preStop; it can't hold one whose preStop is an exec. */
    held: v.boolean(),
    preStop: v.nullable(userHook),
  }),
  daprd: v.object({
    native: v.boolean(),
    httpPort: port,
    publicPort: port,
    /** Of Dapr's gRPC API. */
    grpcPort: v.nullish(port, DAPR_GRPC_PORT),
    stop: v.picklist(["auto", "graceful", "prompt"]),
    preStop: v.nullable(userHook),
  }),
  ready: v.object({
    check: ready,
    /** For people: where the check comes from. */
    source: v.picklist(["ready-path", "readinessProbe", "port"]),
    /** Null: waited for without end. */
    timeoutMs: v.nullable(ms),
    intervalMs: ms,
  }),
  busy: v.object({ path: v.string(), binding: v.boolean(), intervalMs: ms }),
  settleMs: ms,
  callDrainMs: ms,
  restartDrainMs: ms,
  drainMarginMs: ms,
  /** How long nothing of an app that was told to end may be seen before it counts as gone; null: as it shows itself. */
  lingerMs: v.nullish(ms, null),
  /** Of the pod's spec; the real one may be shorter or longer (kubelet `pod_workers.go`: DeletionGracePeriodSeconds). */
  gracePeriodMs: ms,
  redeliver: v.object({ enabled: v.boolean(), limit: v.number() }),
  /** What may be kept of requests in memory. */
  hold: v.object({ perRequestBytes: v.number(), totalBytes: v.number() }),
  /** The pod belongs to a Job: an ordinary daprd is stopped when the app is gone, and never by force. */
  job: v.boolean(),
  /** DAPS is a native sidecar: the kubelet would start it again if it ended by itself. */
  native: v.nullish(v.boolean(), true),
  logLevel: v.picklist(["debug", "info", "warn", "error"]),
});

export type SidecarConfig = v.InferOutput<typeof schema>;

/**
 * @throws {TypeError} naming the field, what is accepted and the value received
 */
export function parseSidecarConfig(text: string): SidecarConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new TypeError(
      `Cannot read ${SIDECAR_ENV.config}: it must be JSON: received ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue) ?? "the whole value";
  throw new TypeError(
    `Cannot read ${SIDECAR_ENV.config}: ${field} must be ${issue.expected}: received ${issue.received}`,
  );
}
