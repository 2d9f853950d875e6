/**
 * What Dapr calls in an app by gRPC, as the request that it sends to an app by HTTP, and its answer as gRPC's
 * (Dapr 1.18, `dapr/proto/runtime/v1/appcallback.proto`; Kubernetes' probe: `grpc/health/v1/health.proto`).
 *
 * @module
 */
import { encode, Message } from "./protobuf.ts";

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

export interface Method {
  /** The request's path by gRPC. */
  readonly path: string;
  readonly request: (message: Message) => HttpRequest;
  /** @param body of an answer with status 2xx. @returns the answer's message; by default an empty one */
  readonly answer?: (body: string) => Uint8Array;
}

export interface Paths {
  readonly route: string;
  readonly bindingRoute: string;
  readonly readyPath: string;
  readonly healthPath: string;
}

const CALLBACK = "/dapr.proto.runtime.v1.AppCallback";
const SERVING = 1;
const VERBS = ["POST", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] as const;

/** By their names, which are those of the service. */
export function methods({ route, bindingRoute, readyPath, healthPath }: Paths): Readonly<Record<string, Method>> {
  return {
    OnTopicEvent: {
      path: `${CALLBACK}/OnTopicEvent`,
      request: (event) => ({
        method: "POST",
        path: route,
        body: JSON.stringify({ id: event.text(1), data: JSON.parse(event.text(7)) as unknown }),
      }),
    },
    OnBindingEvent: {
      path: `${CALLBACK}/OnBindingEvent`,
      request: (event) => ({ method: "POST", path: `/${event.text(1)}`, body: event.text(2) }),
    },
    OnJobEvent: { path: `${CALLBACK}/OnJobEvent`, request: job },
    OnJobEventAlpha1: { path: `${CALLBACK}Alpha/OnJobEventAlpha1`, request: job },
    OnInvoke: {
      path: `${CALLBACK}/OnInvoke`,
      request(invoke) {
        const extension = invoke.message(4);
        const query = extension.text(2);
        const method = VERBS[extension.number(1)] ?? "POST";
        const body = invoke.message(2).text(2);
        const path = `/${invoke.text(1)}${query === "" ? "" : `?${query}`}`;
        return body === "" || method === "GET" || method === "HEAD" ? { method, path } : { method, path, body };
      },
      answer: (body) => encode([[1, encode([[2, body]])], [2, "application/json"]]),
    },
    ListTopicSubscriptions: {
      path: `${CALLBACK}/ListTopicSubscriptions`,
      request: () => ({ method: "GET", path: "/dapr/subscribe" }),
      answer(body) {
        const all = JSON.parse(body) as { pubsubname: string; topic: string; route: string }[];
        return encode(
          all.map((one) => [1, encode([[1, one.pubsubname], [2, one.topic], [5, encode([[2, one.route]])]])]),
        );
      },
    },
    ListInputBindings: {
      path: `${CALLBACK}/ListInputBindings`,
      request: () => ({ method: "OPTIONS", path: bindingRoute === "" ? "/dapr/bindings" : bindingRoute }),
      answer: () => encode(bindingRoute === "" ? [] : [[1, bindingRoute.slice(1)]]),
    },
    HealthCheck: {
      path: `${CALLBACK}HealthCheck/HealthCheck`,
      request: () => ({ method: "GET", path: healthPath }),
    },
    Check: {
      path: "/grpc.health.v1.Health/Check",
      request: () => ({ method: "GET", path: readyPath }),
      answer: () => encode([[1, SERVING]]),
    },
  };
}

function job(event: Message): HttpRequest {
  return { method: "POST", path: `/job/${event.text(1)}`, body: "" };
}
