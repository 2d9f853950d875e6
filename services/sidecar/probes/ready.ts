/**
 * Whether the app is ready: one attempt of its readiness check.
 * @module
 */
import type { ReadyCheck } from "../../core/sidecar-config.ts";
import { request } from "../../host/http-client.ts";
import { codeOf, type Sockets } from "../../host/sockets/index.ts";

/** Longer than Kubernetes' default for a probe (1 s): an app may be slow while it starts. */
const TIMEOUT_MS = 3000;

/** Undefined: ready; else why not, for people. */
export type NotReady = string | undefined;

/** Never throws. */
export async function askReady(
  check: ReadyCheck,
  source: "ready-path" | "readinessProbe" | "port",
  host: string,
  sockets: Sockets,
): Promise<NotReady> {
  switch (check.kind) {
    case "tcp":
      return (await portAccepts({ host, port: check.port }, sockets)) ? undefined : `port ${check.port} refuses`;
    case "grpc": {
      const { askGrpcHealth } = await import("./grpc-health.ts");
      return await askGrpcHealth({ host, port: check.port }, check.service, TIMEOUT_MS);
    }
    case "http": {
      const answer = await request(check.get, { timeoutMs: TIMEOUT_MS });
      if (answer.kind === "failed") return `${check.get.path}: ${answer.detail}`;
      // The kubelet takes redirects of a probe for success; the ready path promises 2xx.
      const most = source === "readinessProbe" ? 399 : 299;
      return answer.status >= 200 && answer.status <= most ? undefined : `${check.get.path} answered ${answer.status}`;
    }
  }
}

/** Whether a connection is accepted; it is closed at once. Any other failure than a refusal counts as accepting. */
export async function portAccepts(
  address: { readonly host: string; readonly port: number },
  sockets: Sockets,
): Promise<boolean> {
  try {
    const socket = await sockets.connect(address);
    socket.close();
    return true;
  } catch (error) {
    return codeOf(error) !== "ECONNREFUSED";
  }
}
