/**
 * Which container is the app, and how its readiness is asked.
 * @module
 */
import type { HttpGet, ReadyCheck, SidecarConfig } from "../sidecar-config.ts";
import type { Settings } from "../settings.ts";
import { type Warning, warning } from "../warnings.ts";
import { type Container, DAPRD, DAPS, hostOf, isPort, type Pod, type PodHttpGet } from "./pod.ts";

/** Containers that other injectors add to a pod. */
const KNOWN_SIDECARS = new Set([
  DAPRD,
  DAPS,
  "istio-proxy",
  "linkerd-proxy",
  "vault-agent",
  "cloud-sql-proxy",
  "otc-container",
]);

/** So many containers are named in a warning: the API server cuts warnings off at 256 characters. */
const MOST_NAMES = 3;

const READINESS_PROBE_TIMEOUT_MS = 60_000;

/** The app container, or undefined if the pod has no container that could be it. */
export function findApp(
  pod: Pod,
  settings: Settings,
  appPort: number,
): { readonly app: Container | undefined; readonly warnings: readonly Warning[] } {
  const containers = pod.spec.containers.filter(({ name }) => name !== DAPRD && name !== DAPS);
  const warnings: Warning[] = [];
  if (settings.appContainer !== undefined) {
    const named = containers.find(({ name }) => name === settings.appContainer);
    if (named) return { app: named, warnings };
    const names = containers.slice(0, MOST_NAMES).map(({ name }) => name).join(", ");
    warnings.push(
      warning(
        "bad-value",
        `Cannot use annotation daps.io/app-container: accepted is one of ${names}${
          containers.length > MOST_NAMES ? " …" : ""
        }; received ${JSON.stringify(settings.appContainer)}`,
      ),
    );
  }
  const own = containers.filter(({ name }) => !KNOWN_SIDECARS.has(name));
  const app = own.find(({ ports }) => ports?.some(({ containerPort }) => containerPort === appPort)) ?? own[0];
  if (own.length > 1 && !declares(app, appPort)) {
    warnings.push(
      warning(
        "no-app-container",
        `Took container ${app?.name} for the app, the first of ${own.length}: declare containerPort ${appPort} on the app, or set daps.io/app-container`,
      ),
    );
  }
  return { app, warnings };
}

function declares(container: Container | undefined, port: number): boolean {
  return container?.ports?.some(({ containerPort }) => containerPort === port) ?? false;
}

/** How the sidecar asks for readiness: `ready-path`, else the app's own readinessProbe, else its port. */
export function readiness(
  app: Container,
  settings: Settings,
  target: { readonly host: string; readonly port: number; readonly tls: boolean },
): SidecarConfig["ready"] {
  const intervalMs = settings.readyInterval;
  const timeoutMs = settings.readyTimeout ?? null;
  if (settings.readyPath !== undefined) {
    const get: HttpGet = {
      scheme: target.tls ? "https" : "http",
      host: target.host,
      port: target.port,
      path: settings.readyPath,
      headers: [],
    };
    return { check: { kind: "http", get }, source: "ready-path", timeoutMs, intervalMs };
  }
  const check = ofProbe(app);
  if (check) {
    return { check, source: "readinessProbe", timeoutMs: timeoutMs ?? READINESS_PROBE_TIMEOUT_MS, intervalMs };
  }
  return { check: { kind: "tcp", port: target.port }, source: "port", timeoutMs, intervalMs };
}

// An exec probe can't be run from another container: it counts as no probe, hence as the port accepting.
function ofProbe(app: Container): ReadyCheck | undefined {
  const probe = app.readinessProbe;
  if (probe?.httpGet) {
    const get = httpGetOf(probe.httpGet, app);
    return get && { kind: "http", get };
  }
  if (probe?.tcpSocket) {
    const port = portNumber(probe.tcpSocket.port, app);
    return port === undefined ? undefined : { kind: "tcp", port };
  }
  if (!probe?.grpc || !isPort(probe.grpc.port)) return undefined;
  return { kind: "grpc", port: probe.grpc.port, service: probe.grpc.service ?? "" };
}

/** A probe's or a hook's request, with its port as a number; undefined if it can't be made from another container. */
export function httpGetOf(get: PodHttpGet, container: Container): HttpGet | undefined {
  const port = portNumber(get.port, container);
  const host = get.host ? hostOf(get.host) : null;
  if (port === undefined || host === undefined) return undefined;
  const path = get.path ?? "";
  return {
    scheme: get.scheme?.toUpperCase() === "HTTPS" ? "https" : "http",
    host,
    port,
    // The kubelet does so too (`probe/http/request.go`: a URL's path).
    path: path.startsWith("/") ? path : `/${path}`,
    headers: (get.httpHeaders ?? []).map(({ name, value }) => ({ name, value })),
  };
}

function portNumber(port: number | string, container: Container): number | undefined {
  const number = typeof port === "number" || /^\d+$/.test(port)
    ? Number(port)
    : container.ports?.find(({ name }) => name === port)?.containerPort;
  return number !== undefined && isPort(number) ? number : undefined;
}
