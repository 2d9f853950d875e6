import { describe, expect, it } from "vitest";
import { classify, type RequestHead, subscribedPaths } from "../../services/core/classes.ts";

const NOTHING_KNOWN: ReadonlySet<string> = new Set();

function head(method: string, path: string, more: Partial<RequestHead> = {}): RequestHead {
  return { method, path, contentType: "", hasCallerAppId: false, hasCalleeAppId: false, hasPubsubName: false, ...more };
}

const cloudEvent = { contentType: "application/cloudevents+json" };
const invoked = { hasCallerAppId: true, hasCalleeAppId: true };
const json = { contentType: "application/json" };

describe("classify()", () => {
  it.each<[what: string, head: RequestHead, cls: string, rule: string]>([
    ["a message", head("POST", "/orders", cloudEvent), "delivery", "cloudevent"],
    ["a raw message", head("POST", "/orders", cloudEvent), "delivery", "cloudevent"],
    [
      "a message with parameters of its type",
      head("POST", "/orders", { contentType: "Application/CloudEvents+JSON; charset=utf-8" }),
      "delivery",
      "cloudevent",
    ],
    [
      "a message whose metadata look like a call",
      head("POST", "/a", { ...cloudEvent, ...invoked }),
      "delivery",
      "cloudevent",
    ],
    ["a message to a path of Dapr's", head("POST", "/dapr/orders", cloudEvent), "delivery", "cloudevent"],
    ["a triggered job", head("POST", "/job/nightly", json), "delivery", "job"],
    ["an actor's reminder", head("PUT", "/actors/cart/7/method/remind/expire", json), "delivery", "reminder"],
    ["an actor's timer", head("PUT", "/actors/cart/7/method/timer/tick", json), "delivery", "reminder"],
    ["an actor's method", head("PUT", "/actors/cart/7/method/add", json), "call", "dapr"],
    ["an actor's method called remind", head("PUT", "/actors/cart/7/method/remind", json), "call", "dapr"],
    ["an actor's end", head("DELETE", "/actors/cart/7"), "call", "dapr"],
    ["a change of configuration", head("POST", "/configuration/store/key", json), "call", "dapr"],
    ["the question for subscriptions", head("GET", "/dapr/subscribe"), "call", "dapr"],
    ["the question for actors", head("GET", "/dapr/config"), "call", "dapr"],
    ["Dapr's health probe", head("GET", "/healthz"), "call", "method"],
    ["a binding's OPTIONS", head("OPTIONS", "/queue"), "call", "method"],
    ["a call by GET", head("GET", "/orders/7", invoked), "call", "invocation"],
    ["a call by PUT", head("PUT", "/orders/7", invoked), "call", "invocation"],
    ["a call from another app", head("POST", "/orders", { ...json, ...invoked }), "call", "invocation"],
    ["a message type on another method", head("PUT", "/orders", cloudEvent), "call", "method"],
    [
      "a call from another app to a job's path",
      head("POST", "/job/nightly", { ...json, ...invoked }),
      "call",
      "invocation",
    ],
    [
      "an actor's method called remind/soon",
      head("PUT", "/actors/cart/7/method/remind/soon", { ...json, hasCallerAppId: true }),
      "call",
      "dapr",
    ],
    ["a bulk of messages", head("POST", "/orders", { ...json, hasPubsubName: true }), "delivery", "pubsub"],
    [
      "a call whose caller passes on the headers of a message",
      head("POST", "/orders", { ...json, ...invoked, hasPubsubName: true }),
      "call",
      "invocation",
    ],
    ["a POST to /job without a name", head("POST", "/job", { ...json, ...invoked }), "call", "invocation"],
  ])("%s", (_, request, cls, rule) => {
    expect(classify(request, NOTHING_KNOWN, true)).toEqual({ class: cls, rule });
    expect(classify(request, NOTHING_KNOWN, false)).toEqual({ class: cls, rule });
  });

  it("takes a POST to a path that Dapr asked about for a delivery: a binding's is application/json", () => {
    const known = new Set(["/queue"]);
    expect(classify(head("POST", "/queue", json), known, false)).toEqual({ class: "delivery", rule: "known-path" });
    expect(classify(head("POST", "/queue/x", json), known, false)).toEqual({ class: "call", rule: "guess" });
    expect(classify(head("POST", "/queue", { ...json, ...invoked }), known, false).rule).toBe("invocation");
  });

  it("takes one app-id header alone for metadata of a message", () => {
    const known = new Set(["/queue"]);
    expect(classify(head("POST", "/queue", { ...json, hasCallerAppId: true }), known, false).rule).toBe("known-path");
    expect(classify(head("POST", "/queue", { ...json, hasCalleeAppId: true }), known, false).rule).toBe("known-path");
  });

  it("takes any other POST for a delivery if nothing is in flight, else for a call: an app may call itself", () => {
    expect(classify(head("POST", "/new", json), NOTHING_KNOWN, true)).toEqual({ class: "delivery", rule: "guess" });
    expect(classify(head("POST", "/new", json), NOTHING_KNOWN, false)).toEqual({ class: "call", rule: "guess" });
  });

  it.each([
    "text/plain",
    "application/cloudevents",
    "application/cloudevents-batch+json",
    "xapplication/cloudevents+json",
  ])(
    "does not take %s for a message",
    (contentType) => {
      expect(classify(head("POST", "/orders", { contentType }), NOTHING_KNOWN, false).rule).toBe("guess");
    },
  );
});

describe("subscribedPaths()", () => {
  it("reads every form that Dapr takes", () => {
    expect(subscribedPaths([
      { pubsubname: "p", topic: "a", route: "/a" },
      { pubsubname: "p", topic: "b", route: "b", deadLetterTopic: "dead", bulkSubscribe: { enabled: true } },
      {
        pubsubname: "p",
        topic: "c",
        routes: { default: "/c", rules: [{ match: 'event.type == "x"', path: "/c/x" }, { match: "", path: "c/y" }] },
      },
      { pubsubname: "p", topic: "d", routes: { rules: [{ match: "", path: "/d" }] } },
    ])).toEqual(["/a", "/b", "/c", "/c/x", "/c/y", "/d"]);
  });

  it.each([
    [null],
    [undefined],
    ["/a"],
    [7],
    [{}],
    [{ route: "/a" }],
    [[]],
    [[null, 1, "x", [], {}]],
    [[{ route: "" }, { route: 7 }, { route: null }]],
    [[{ routes: null }, { routes: "x" }, { routes: { default: 1, rules: "x" } }, {
      routes: { rules: [null, 1, "x", {}] },
    }]],
  ])("gives no path for %j", (answer) => {
    expect(subscribedPaths(answer)).toEqual([]);
  });
});
