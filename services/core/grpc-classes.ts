/**
 * What kind of gRPC call of Dapr this is: a delivery, which a drain parks, or a call, which it lets pass.
 *
 * The methods are those of Dapr's `AppCallback`, `AppCallbackAlpha` and `AppCallbackHealthCheck` services (Dapr 1.18,
 * `dapr/proto/runtime/v1/appcallback.proto`). Whatever else reaches an app by gRPC is a call of another app, which
 * daprd passes through (gRPC proxying).
 * @module
 */
import type { TrafficClass } from "./ledger.ts";

export type GrpcClassified = {
  readonly class: Exclude<TrafficClass, "opaque">;
  /** `callback`: a method of Dapr's own that delivers something; `grpc`: any other. */
  readonly rule: "callback" | "grpc";
};

const DELIVERY =
  /^\/dapr\.proto\.runtime\.v1\.AppCallback(?:Alpha)?\/On(?:TopicEvent|BulkTopicEvent|BindingEvent|JobEvent)(?:Alpha\d+)?$/;

/** @param path the `:path` of the request: `/package.Service/Method` */
export function classifyGrpc(path: string): GrpcClassified {
  return DELIVERY.test(path) ? { class: "delivery", rule: "callback" } : { class: "call", rule: "grpc" };
}

/** @param contentType value of Content-Type; gRPC's own is `application/grpc`, with a suffix or without */
export function isGrpc(contentType: string): boolean {
  return /^application\/grpc(?:[+;]|$)/i.test(contentType);
}
