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
  /** `callback`: a method of Dapr's own that delivers something; `dapr`: one that it asks; `invocation`: any other. */
  readonly rule: "callback" | "dapr" | "invocation";
};

/** Dapr's app-health probe (`pkg/channel/grpc`: HealthProbe); its answer is an empty message. */
export const GRPC_HEALTH_CHECK = "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck";

const SERVICE = "/dapr.proto.runtime.v1.AppCallback";
/**
 * What Dapr asks when the app's port first accepts, and not again once it has an answer
 * (`pkg/runtime/pubsub/subscriptions.go`: GetSubscriptionsGRPC; `processor/binding/send.go`: subscribeBindingList,
 * empty for good after an error). Dapr waits 3 s for the bindings, and without end for the subscriptions.
 */
const QUESTIONS: ReadonlySet<string> = new Set([`${SERVICE}/ListTopicSubscriptions`, `${SERVICE}/ListInputBindings`]);

const DELIVERY =
  /^\/dapr\.proto\.runtime\.v1\.AppCallback(?:Alpha)?\/On(?:TopicEvent|BulkTopicEvent|BindingEvent|JobEvent)(?:Alpha\d+)?$/;

/** @param path the `:path` of the request: `/package.Service/Method` */
export function classifyGrpc(path: string): GrpcClassified {
  if (DELIVERY.test(path)) return { class: "delivery", rule: "callback" };
  return { class: "call", rule: path === GRPC_HEALTH_CHECK || QUESTIONS.has(path) ? "dapr" : "invocation" };
}

/** Whether Dapr asks this only once. @param path as for `classifyGrpc` */
export function isGrpcQuestion(path: string): boolean {
  return QUESTIONS.has(path);
}

/** @param contentType value of Content-Type; gRPC's own is `application/grpc`, with a suffix or without */
export function isGrpc(contentType: string): boolean {
  return /^application\/grpc(?:[+;]|$)/i.test(contentType);
}
