/**
 * What DAPS asks of daprd: is it up, is it gone, and to exit at once.
 * @module
 */
import type { SidecarConfig } from "../../core/sidecar-config.ts";
import { request } from "../../host/http-client.ts";
import type { Sockets } from "../../host/sockets/index.ts";
import { portAccepts } from "./ready.ts";

const HOST = "127.0.0.1";
const TIMEOUT_MS = 1000;

export type DaprdProbe = {
  /** daprd has passed its wait for the app: `/v1.0/healthz` is 204 only after (Dapr `runtime.go`: blockUntilAppIsReady). */
  isUp(): Promise<boolean>;
  /** Its ports refuse. It closes them first at SIGTERM and works on, so this alone is not its end. */
  portsRefuse(): Promise<boolean>;
  /**
   * Makes it end: at once, so that the broker takes back what is not acknowledged, or as on SIGTERM. Trust the effect,
   * not the answer: Dapr before 1.18 answers 204 and goes on (`api/http/shutdown.go`).
   */
  shutDown(how: { readonly atOnce: boolean }): Promise<string>;
};

export function daprdProbe(
  { httpPort, publicPort }: SidecarConfig["daprd"],
  apiToken: string | undefined,
  sockets: Sockets,
): DaprdProbe {
  const get = (port: number, path: string, headers: readonly { name: string; value: string }[] = []) => ({
    scheme: "http" as const,
    host: HOST,
    port,
    path,
    headers: [...headers],
  });
  return {
    async isUp() {
      const answer = await request(get(publicPort, "/v1.0/healthz"), { timeoutMs: TIMEOUT_MS });
      return answer.kind === "answered" && answer.status === 204;
    },
    async portsRefuse() {
      // One after the other: a connection of DAPS's own to the API would look like one of the app's.
      for (const port of [publicPort, httpPort]) if (await portAccepts({ host: HOST, port }, sockets)) return false;
      return true;
    },
    async shutDown({ atOnce }) {
      const headers = atOnce ? [{ name: "dapr-force-shutdown", value: "true" }] : [];
      if (apiToken !== undefined) headers.push({ name: "dapr-api-token", value: apiToken });
      const answer = await request(get(httpPort, "/v1.0/shutdown", headers), { method: "POST", timeoutMs: TIMEOUT_MS });
      return answer.kind === "answered" ? `answered ${answer.status}` : answer.detail;
    },
  };
}
