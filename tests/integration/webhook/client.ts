/** An HTTPS client that trusts one authority, with a connection for each request. */
import { once } from "node:events";
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";

export type Answer = {
  readonly status: number;
  readonly body: string;
  /** Serial number of the server's certificate. */
  readonly serial: string;
  /** Whether the server takes another request on this connection. */
  readonly keepsAlive: boolean;
};

export type Ask = {
  readonly port: number;
  readonly ca: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<string>;
  readonly agent?: Agent;
};

/** @throws the error of connection or handshake */
export async function ask({ body = "", agent, ...options }: Ask): Promise<Answer> {
  const own = agent ?? new Agent({ keepAlive: false, maxCachedSessions: 0 });
  const outgoing = request({ host: "127.0.0.1", ...options, agent: own });
  const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
  // It is awaited below, after the body is sent; and a server that has answered may end the connection before that.
  answered.catch(() => {});
  outgoing.on("error", () => {});
  if (typeof body === "string" || body instanceof Uint8Array) outgoing.end(body);
  else {
    for await (const part of body) outgoing.write(part);
    outgoing.end();
  }
  const [response] = await answered;
  const serial = (response.socket as TLSSocket).getPeerCertificate().serialNumber;
  let text = "";
  for await (const part of response.setEncoding("utf8")) text += part as string;
  return { status: response.statusCode ?? 0, body: text, serial, keepsAlive: response.headers.connection !== "close" };
}

/** Sends a review to the webhook. */
export async function mutate(to: Pick<Ask, "port" | "ca" | "agent">, body: Ask["body"]): Promise<Answer> {
  return await ask({
    ...to,
    method: "POST",
    path: "/mutate?timeout=5s",
    headers: { "content-type": "application/json" },
    ...(body !== undefined && { body }),
  });
}

/** A review of a pod as Dapr's injector leaves it, reduced to what DAPS looks at. */
export function review(uid: string, annotations: Readonly<Record<string, string>>): object {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid,
      namespace: "shop",
      operation: "CREATE",
      object: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { generateName: "worker-", annotations },
        spec: {
          containers: [
            { name: "app", image: "app", ports: [{ containerPort: 8080 }] },
            { name: "daprd", image: "daprd", args: ["/daprd", "--app-port", "8080", "--dapr-http-port", "3500"] },
          ],
        },
      },
    },
  };
}

export const DAPR_POD = { "dapr.io/enabled": "true", "dapr.io/app-port": "8080", "dapr.io/app-id": "worker" };
