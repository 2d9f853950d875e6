/** Which gRPC methods of Dapr deliver something. */
import { describe, expect, it } from "vitest";
import { classifyGrpc, isGrpc, isGrpcQuestion } from "../../services/core/grpc-classes.ts";

const SERVICE = "/dapr.proto.runtime.v1.AppCallback";

describe("classifyGrpc", () => {
  it.each([
    `${SERVICE}/OnTopicEvent`,
    `${SERVICE}/OnBulkTopicEvent`,
    `${SERVICE}/OnBindingEvent`,
    `${SERVICE}/OnJobEvent`,
    `${SERVICE}Alpha/OnBulkTopicEventAlpha1`,
    `${SERVICE}Alpha/OnJobEventAlpha1`,
  ])("takes %s for a delivery", (path) => {
    expect(classifyGrpc(path)).toEqual({ class: "delivery", rule: "callback" });
  });

  it.each([
    `${SERVICE}/OnInvoke`,
    `${SERVICE}/OnTopicEvents`,
    `${SERVICE}/OnTopicEvent/`,
    `/x${SERVICE}/OnTopicEvent`,
    "/shop.Orders/OnTopicEvent",
    "",
  ])("takes %s for a call of another app", (path) => {
    expect(classifyGrpc(path)).toEqual({ class: "call", rule: "invocation" });
  });

  it.each([
    `${SERVICE}/ListTopicSubscriptions`,
    `${SERVICE}/ListInputBindings`,
    `${SERVICE}HealthCheck/HealthCheck`,
  ])("takes %s for a call of Dapr itself", (path) => {
    expect(classifyGrpc(path)).toEqual({ class: "call", rule: "dapr" });
  });
});

describe("isGrpc", () => {
  it.each(["application/grpc", "application/grpc+proto", "Application/gRPC;x=y"])("knows %s", (type) => {
    expect(isGrpc(type)).toBe(true);
  });

  it.each(["", "application/json", "application/grpc-web", "text/application/grpc"])("knows that %s is not", (type) => {
    expect(isGrpc(type)).toBe(false);
  });
});

describe("isGrpcQuestion", () => {
  it.each([`${SERVICE}/ListTopicSubscriptions`, `${SERVICE}/ListInputBindings`])("knows %s", (path) => {
    expect(isGrpcQuestion(path)).toBe(true);
  });

  it.each([`${SERVICE}/OnInvoke`, `${SERVICE}HealthCheck/HealthCheck`, "/shop.Orders/ListInputBindings", ""])(
    "knows that %s is not",
    (path) => {
      expect(isGrpcQuestion(path)).toBe(false);
    },
  );
});
