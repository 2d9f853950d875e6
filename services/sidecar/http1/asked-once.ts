/**
 * The questions that Dapr asks once in its life, when the app's port first accepts: its configuration and its
 * subscriptions. An answer other than 2xx or 404 costs both for good (Dapr `pkg/runtime/subscription/subscriber.go`,
 * `pkg/runtime/channels`: asked once, status other than 200 and 404 is no subscription). Neither has a time-out, so
 * DAPS may ask the app again before it answers Dapr.
 * @module
 */
import type { RequestHead } from "./request-head.ts";

/** How long to ask again, in ms from the first time; then Dapr gets what the app answers. */
const ASK_AGAIN_FOR_MS = 60_000;
/** How long to wait before asking again, in ms. */
const ASK_AGAIN_AFTER_MS = 250;

export function isAskedOnce({ method, path }: Pick<RequestHead, "method" | "path">): boolean {
  return method === "GET" && (path === "/dapr/subscribe" || path === "/dapr/config");
}

/** Whether the app may be asked again, `elapsedMs` after Dapr asked. */
export function mayAskAgain(head: Pick<RequestHead, "method" | "path">, elapsedMs: number): boolean {
  return isAskedOnce(head) && isTimeLeft(elapsedMs);
}

/** Whether Dapr's question, `elapsedMs` old, may still wait for a better answer. */
export function isTimeLeft(elapsedMs: number): boolean {
  return elapsedMs < ASK_AGAIN_FOR_MS;
}

/** Whether an answer with this status may be Dapr's last word on the question. */
export function isConclusive(status: number): boolean {
  return status >= 200 && status < 300 || status === 404;
}

/** Resolves when it is time to ask again. */
export function timeToAskAgain(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ASK_AGAIN_AFTER_MS);
  });
}
