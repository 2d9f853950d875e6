/**
 * One HTTP request at a time, on a connection of its own: for probes, hooks and Dapr's API.
 * @module
 */
import type { HttpGet } from "../core/sidecar-config.ts";
import { errorMessage } from "./log.ts";

/** More of an answer than this is not read. */
const MOST_BODY_BYTES = 64 * 1024;

export type HttpAnswer =
  | { readonly kind: "answered"; readonly status: number; readonly body: string }
  | { readonly kind: "failed"; readonly detail: string };

export type HttpRequest = {
  readonly method?: "GET" | "POST";
  readonly timeoutMs: number;
};

/** Never throws. Redirects are not followed; certificates are not verified, as the kubelet does for its probes. */
export async function request(target: HttpGet, { method = "GET", timeoutMs }: HttpRequest): Promise<HttpAnswer> {
  const host = target.host ?? "127.0.0.1";
  const url = `${target.scheme}://${host.includes(":") ? `[${host}]` : host}:${target.port}${target.path}`;
  const headers = Object.fromEntries(target.headers.map(({ name, value }) => [name.toLowerCase(), value]));
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return target.scheme === "https"
      ? await (await import("./https-client.ts")).requestTls(url, { method, headers, signal, limit: MOST_BODY_BYTES })
      : await plain(url, { method, headers, signal });
  } catch (error) {
    return { kind: "failed", detail: describe(error, timeoutMs) };
  }
}

type Init = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

async function plain(url: string, init: Init): Promise<HttpAnswer> {
  // A kept connection would hold up an app that waits for its connections at the end.
  const response = await fetch(url, { ...init, headers: { ...init.headers, connection: "close" }, redirect: "manual" });
  return { kind: "answered", status: response.status, body: await readBody(response) };
}

async function readBody(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let left = MOST_BODY_BYTES;
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk.subarray(0, left), { stream: true });
    left -= chunk.byteLength;
    if (left <= 0) break;
  }
  return text;
}

function describe(error: unknown, timeoutMs: number): string {
  if (error instanceof DOMException && error.name === "TimeoutError") return `no answer within ${timeoutMs}ms`;
  const cause = error instanceof Error && error.cause !== undefined ? `: ${errorMessage(error.cause)}` : "";
  return `${errorMessage(error)}${cause}`;
}
