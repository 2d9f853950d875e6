/**
 * What kind of request of Dapr this is: a delivery, which a drain parks, or a call, which it lets pass.
 *
 * The rules follow what Dapr 1.18 sends (recorded in `tests/fixtures/requests`; its sources are
 * `pkg/runtime/subscription/postman/http`, `processor/binding/send.go`, `pkg/messaging/direct_messaging.go`,
 * `pkg/actors`). The order matters, because a message's metadata become headers, so that a delivery can look like a
 * call. Not so a job's, a reminder's, a timer's and a bulk's: what has a caller's header there is a call. A binding's
 * message whose metadata are the headers of a call can't be told from a call to the binding's route, and is taken for
 * one: it is then never sent twice by DAPS, which is the binding's to do, while a call must not be.
 * @module
 */
import type { TrafficClass } from "./ledger.ts";

/** The parts of an HTTP request's head that its class depends on. */
export type RequestHead = {
  readonly method: string;
  /** Path without query, as it came. */
  readonly path: string;
  /** Value of Content-Type, empty if there is none. */
  readonly contentType: string;
  readonly hasCallerAppId: boolean;
  readonly hasCalleeAppId: boolean;
  readonly hasPubsubName: boolean;
};

export type Classified = {
  readonly class: Exclude<TrafficClass, "opaque">;
  /** The rule that decided; `guess` is the last one, worth a log line when it parks. */
  readonly rule:
    | "cloudevent"
    | "job"
    | "reminder"
    | "dapr"
    | "method"
    | "invocation"
    | "pubsub"
    | "known-path"
    | "guess";
};

const REMINDER_OR_TIMER = /^\/actors\/[^/]+\/[^/]+\/method\/(?:remind|timer)\/./;

/**
 * @param known paths that Dapr was seen to ask about by OPTIONS (bindings) or that the app named in its answer to
 * `GET /dapr/subscribe`
 * @param idle whether nothing is in flight: an app that invokes itself must not wait for itself
 */
export function classify(head: RequestHead, known: ReadonlySet<string>, idle: boolean): Classified {
  const { method, path } = head;
  const post = method === "POST";
  const invoked = head.hasCallerAppId && head.hasCalleeAppId;
  if (post && isCloudEvent(head.contentType)) return { class: "delivery", rule: "cloudevent" };
  if (post && path.startsWith("/job/") && !invoked) return { class: "delivery", rule: "job" };
  if (method === "PUT" && REMINDER_OR_TIMER.test(path) && !head.hasCallerAppId) {
    return { class: "delivery", rule: "reminder" };
  }
  if (/^\/(?:configuration|dapr|actors)\//.test(path)) return { class: "call", rule: "dapr" };
  if (invoked) return { class: "call", rule: "invocation" };
  if (!post) return { class: "call", rule: "method" };
  if (head.hasPubsubName) return { class: "delivery", rule: "pubsub" };
  if (known.has(path)) return { class: "delivery", rule: "known-path" };
  return { class: idle ? "delivery" : "call", rule: "guess" };
}

function isCloudEvent(contentType: string): boolean {
  return contentType === "application/cloudevents+json" ||
    /^application\/cloudevents\+json\s*(?:;|$)/i.test(contentType.trim());
}

/**
 * The delivery paths in an app's answer to `GET /dapr/subscribe`, in each of the forms that Dapr takes
 * (`pkg/runtime/pubsub/subscriptions.go`: `route`, `routes.default`, `routes.rules[].path`, and the bulk and dead
 * letter settings beside them, which name no path). What is not of that form gives no path.
 */
export function subscribedPaths(answer: unknown): string[] {
  if (!Array.isArray(answer)) return [];
  const paths: string[] = [];
  const add = (route: unknown) => {
    if (typeof route === "string" && route !== "") paths.push(route.startsWith("/") ? route : `/${route}`);
  };
  for (const subscription of answer) {
    if (typeof subscription !== "object" || subscription === null) continue;
    const { route, routes } = subscription as { route?: unknown; routes?: unknown };
    add(route);
    if (typeof routes !== "object" || routes === null) continue;
    const { default: fallback, rules } = routes as { default?: unknown; rules?: unknown };
    add(fallback);
    if (Array.isArray(rules)) { for (const rule of rules) add((rule as { path?: unknown } | null)?.path); }
  }
  return paths;
}
