/**
 * The webhook's routes. `POST /mutate` refuses no pod: whatever can be read is answered with "allowed".
 * @module
 */
import { Hono } from "hono";
import type { AdmissionOutcome } from "../core/admission/admit.ts";
import type { Clock } from "../host/clock.ts";
import { errorMessage, type Log } from "../host/log.ts";
import { BodyError, readText } from "./body.ts";
import type { WebhookMetrics } from "./metrics.ts";

/**
 * A review holds the object, and the old one on updates; the API server takes objects of at most 3 MiB
 * (apiserver `MaxRequestBodyBytes`), which JSON writes a little longer than they were stored.
 */
export const MAX_BODY_BYTES = 7 * 1024 * 1024;

export type WebhookOptions = {
  /** Decides about one review; pure, and expected not to throw. */
  readonly admit: (body: unknown) => AdmissionOutcome;
  /** The answer to a review with this uid when `admit` did throw. */
  readonly allowUnchanged: (uid: string) => object;
  /** Whether this replica wants to be asked. */
  readonly isReady: () => boolean;
  readonly metrics: WebhookMetrics;
  readonly log: Log;
  readonly clock: Pick<Clock, "now">;
};

/** Probes and metrics, for the port that needs no TLS. */
export function createProbes({ isReady, metrics }: Pick<WebhookOptions, "isReady" | "metrics">): Hono {
  return new Hono()
    .get("/livez", (c) => c.text("ok"))
    .get("/readyz", (c) => isReady() ? c.text("ok") : c.text("not ready", 503))
    .get("/metrics", async (c) => c.body(await metrics.text(), 200, { "content-type": metrics.contentType }));
}

export function createApp(options: WebhookOptions): Hono {
  const { admit, allowUnchanged, metrics, log, clock } = options;
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    // API servers keep connections to replicas that no service names any more.
    if (!options.isReady()) c.header("connection", "close");
  });
  app.route("/", createProbes(options));

  app.post("/mutate", async (c) => {
    const contentType = c.req.header("content-type") ?? "";
    if (contentType.split(";")[0]?.trim().toLowerCase() !== "application/json") {
      return c.text(
        `Cannot read the admission review: accepted is application/json; received ${contentType || "no content type"}`,
        415,
      );
    }
    const started = clock.now();
    const seconds = (): number => (clock.now() - started) / 1000;
    const unreadable = (message: string, status: 400 | 413 = 400): Response => {
      metrics.admitted("unreadable", "unreadable", [], seconds());
      log.warn("admission review not readable", { error: message });
      return c.text(message, status);
    };

    let body: unknown;
    try {
      body = JSON.parse(await readText(c.req.raw, MAX_BODY_BYTES));
    } catch (error) {
      if (error instanceof BodyError) {
        return unreadable(`Cannot read the admission review: ${error.message}`, error.status);
      }
      if (!(error instanceof SyntaxError)) throw error;
      return unreadable(`Cannot read the admission review: the body is not JSON: ${error.message}`);
    }

    let outcome: AdmissionOutcome;
    try {
      outcome = admit(body);
    } catch (error) {
      // A fault of DAPS must not become a fault of the pod.
      metrics.admitted("failed", "exception", ["not-injected"], seconds());
      log.error("admission failed; the pod is left alone", { error: errorMessage(error), stack: stackOf(error) });
      const uid = uidOf(body);
      return uid === undefined ? c.text("Cannot answer the admission review: it has no uid", 400) : c.json(
        allowUnchanged(uid),
      );
    }
    if (outcome.kind === "unreadable") return unreadable(outcome.message);

    const { injected, reason, pod } = outcome;
    const warnings = outcome.warnings.map(({ id }) => id);
    metrics.admitted(injected ? "injected" : "skipped", reason, warnings, seconds());
    log.info(injected ? "injected" : "skipped", { pod, reason, warnings, ms: Math.round(seconds() * 1000) });
    return c.json(outcome.review);
  });

  app.onError((error, c) => {
    log.error("request failed", { path: c.req.path, error: errorMessage(error) });
    return c.text("Cannot answer: see the log of daps-webhook", 500);
  });
  return app;
}

function uidOf(body: unknown): string | undefined {
  const request: unknown = isRecord(body) ? body["request"] : undefined;
  const uid: unknown = isRecord(request) ? request["uid"] : undefined;
  return typeof uid === "string" ? uid : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
