/**
 * The `webhook` role: reads its environment, wires the parts, and ends them in order.
 * @module
 */
import { randomBytes } from "node:crypto";
import { admit, allowUnchanged } from "../core/admission/admit.ts";
import { sleep, systemClock as clock } from "../host/clock.ts";
import { createLog } from "../host/log.ts";
import { requiredEnv } from "../host/process/env.ts";
import { hostProcess } from "../host/process/index.ts";
import { serve } from "../host/serve/index.ts";
import { serveTls } from "../host/tls/serve.ts";
import { createApp, createProbes, type WebhookOptions } from "./app.ts";
import { parseWebhookConfig, WEBHOOK_ENV } from "./config.ts";
import { createMetrics } from "./metrics.ts";

/** Of the random value that a hook of the pod must carry. */
const TOKEN_BYTES = 32;

/** Runs until SIGTERM. Resolves to the exit code. */
export async function main(): Promise<number> {
  const process = await hostProcess();
  const { config, complaints } = parseWebhookConfig(requiredEnv(process.env, WEBHOOK_ENV));
  const log = createLog({ level: config.logLevel, write: process.print, clock });
  for (const complaint of complaints) log.warn(complaint);

  const ending = new AbortController();
  process.onEndSignal((signal) => {
    log.info("ending", { signal });
    ending.abort();
  });

  const metrics = createMetrics();
  let certified = false;
  const options: WebhookOptions = {
    admit: (body) => admit(body, config.admission, randomBytes(TOKEN_BYTES).toString("hex")),
    allowUnchanged,
    isReady: () => certified && !ending.signal.aborted,
    metrics,
    log,
    clock,
  };
  const { hostname } = config;
  const probes = await serve({ hostname, port: config.metricsPort, fetch: createProbes(options).fetch });
  log.info("probes and metrics", { port: probes.port });
  try {
    const webhook = await serveTls({
      hostname,
      port: config.port,
      fetch: createApp(options).fetch,
      folder: config.tlsFolder,
      pollMs: config.tlsPollMs,
      clock,
      log,
      signal: ending.signal,
      onCertificate({ expires }) {
        certified = true;
        metrics.certificateExpires(expires);
        log.info("certificate loaded", { expires: expires.toISOString() });
      },
    });
    log.info("listening", { port: webhook.port });
    await aborted(ending.signal);
    // Not ready from now on; API servers go on asking until they have heard of it.
    await sleep(clock, config.propagationMs);
    await webhook.close(config.graceMs);
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    await probes.close(0);
  }
  log.info("ended");
  return 0;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
