/**
 * An API server as far as `daps status` needs one: HTTPS with client certificates, lists of pods, one pod, and the proxy
 * to a pod's port. Its answers have the form of Kubernetes 1.35's.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { Authority } from "../webhook/certificates.ts";

export type FakePod = {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly phase?: string;
  /** What its sidecar answers on /status; absent: nothing listens. */
  readonly status?: object | string;
};

type Answer = { readonly code: number; readonly body: object | string };

export class ApiServer implements AsyncDisposable {
  readonly kubeconfig: string;
  /** Method and path with query of each request, in order. */
  readonly requests: string[] = [];
  pods: readonly FakePod[] = [];
  /** Pods of a page, below the client's own limit. */
  pageSize = 500;
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, server: Server) {
    this.#folder = folder;
    this.#server = server;
    this.kubeconfig = join(folder, "kubeconfig");
    server.on("request", (request, response) => {
      this.requests.push(`${request.method} ${request.url}`);
      const { code, body } = this.#answer(new URL(request.url ?? "", "https://localhost"));
      const text = typeof body === "string";
      response.writeHead(code, { "content-type": text ? "text/plain; charset=utf-8" : "application/json" });
      response.end(text ? body : JSON.stringify(body));
    });
  }

  static async start(): Promise<ApiServer> {
    const folder = await mkdtemp(join(tmpdir(), "daps-cli-"));
    const authority = await Authority.create(join(folder, "pki"));
    const [ca, own, client] = [await authority.certificate(), await authority.issue(), await authority.issue()];
    const server = createServer({ ...own, ca, requestCert: true, rejectUnauthorized: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const api = new ApiServer(folder, server);
    const base64 = (text: string) => btoa(text);
    await writeFile(
      api.kubeconfig,
      stringify({
        ...{ apiVersion: "v1", kind: "Config", "current-context": "test" },
        clusters: [{
          name: "test",
          cluster: {
            server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
            "certificate-authority-data": base64(ca),
          },
        }],
        users: [{
          name: "me",
          user: { "client-certificate-data": base64(client.cert), "client-key-data": base64(client.key) },
        }, { name: "nobody", user: {} }],
        contexts: [
          { name: "test", context: { cluster: "test", user: "me", namespace: "orders" } },
          { name: "anonymous", context: { cluster: "test", user: "nobody" } },
        ],
      }),
    );
    return api;
  }

  #answer({ pathname, searchParams }: URL): Answer {
    const [, namespace, name, port] =
      /^\/api\/v1(?:\/namespaces\/([^/]+))?\/pods(?:\/([^/:]+)(?::(\d+)\/proxy\/status)?)?$/.exec(
        decodeURIComponent(pathname),
      ) ?? [];
    if (namespace === "forbidden") {
      return failure(403, `pods is forbidden: User "me" cannot list resource "pods" in the namespace "forbidden"`);
    }
    if (name === undefined) return this.#list(namespace, searchParams);
    const pod = this.pods.find((each) => each.namespace === namespace && each.name === name);
    if (!pod) return failure(404, `pods "${name}" not found`);
    if (port === undefined) return { code: 200, body: { apiVersion: "v1", kind: "Pod", ...objectOf(pod) } };
    if (pod.status === undefined || port !== "9697") {
      return failure(503, `error trying to reach service: dial tcp 10.0.0.7:${port}: connect: connection refused`);
    }
    return { code: 200, body: pod.status };
  }

  #list(namespace: string | undefined, search: URLSearchParams): Answer {
    const [key = "", value] = (search.get("labelSelector") ?? "").split("=");
    const all = this.pods.filter((pod) =>
      (namespace === undefined || pod.namespace === namespace) && (pod.labels ?? INJECTED)[key] === value
    );
    const start = Number(search.get("continue") ?? 0);
    const end = start + this.pageSize;
    const metadata = { resourceVersion: "1", ...(end < all.length && { continue: String(end) }) };
    return {
      code: 200,
      body: { kind: "PodList", apiVersion: "v1", metadata, items: all.slice(start, end).map(objectOf) },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#folder, { recursive: true });
  }
}

const INJECTED: Readonly<Record<string, string>> = { "daps.io/injected": "true" };

function objectOf({ namespace, name, labels = INJECTED, annotations = {}, phase = "Running" }: FakePod): object {
  return { metadata: { namespace, name, labels, annotations }, spec: { containers: [] }, status: { phase } };
}

function failure(code: number, message: string): Answer {
  return { code, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code } };
}
