/**
 * The admin port's routes: hooks, probes, metrics and status.
 * @module
 */
import { Hono } from "hono";
import { HOOK_NAMES, hookPath, TOKEN_HEADER } from "../core/sidecar-config.ts";
import type { HookName } from "../core/sidecar-config.ts";
import type { Status } from "../core/status.ts";

export type AdminOptions = {
  /** A hook without it is refused: anything that reaches the pod could else end it. */
  readonly token: string;
  /** Resolves when the hook may be answered. */
  readonly hold: (name: HookName) => Promise<void>;
  readonly status: () => Status;
  readonly metrics: { readonly contentType: string; text(): string };
};

export function createAdmin({ token, hold, status, metrics }: AdminOptions): Hono {
  const app = new Hono();
  app.get("/livez", (c) => c.text("ok"));
  app.get("/readyz", (c) => {
    const { phase, waitingFor } = status();
    return phase === "gating" ? c.text(`waiting for ${waitingFor}`, 503) : c.text("ok");
  });
  app.get("/status", (c) => c.json(status()));
  app.get("/metrics", (c) => c.body(metrics.text(), 200, { "content-type": metrics.contentType }));
  for (const name of HOOK_NAMES) {
    app.get(hookPath(name), async (c) => {
      if (c.req.header(TOKEN_HEADER) !== token) {
        return c.text(`Cannot hold ${name}: the header ${TOKEN_HEADER} is not this pod's`, 403);
      }
      await hold(name);
      return c.text("done");
    });
  }
  return app;
}
