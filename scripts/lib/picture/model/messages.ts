/**
 * What became of each message of a rollout.
 *
 * @module
 */
import type { RolloutEvent } from "../recording.ts";
import type { Span } from "./pods.ts";

/**
 * - `queued`: in the broker's queue
 * - `parked`: given to Dapr's sidecar, but not to the app, and later taken back by the broker
 * - `working`: in the app
 * - `cutOff`: in the app, which ended before it was done
 */
export type MessageState = "queued" | "parked" | "working" | "cutOff";

export interface MessageSpan extends Span<MessageState> {
  /** The pod in which it was. */
  readonly pod: string | undefined;
}

/** `acknowledged` by the app; `again`: that once more. */
export interface Mark {
  readonly kind: "acknowledged" | "again" | "lost";
  readonly at: number;
  /** Where that was; of a loss, the last pod that had it, as far as one can tell. */
  readonly pod: string | undefined;
  /** Of a loss: what the app of that pod did then, as far as one can tell. */
  readonly app?: "starting" | "ending" | "working" | undefined;
}

export interface MessageLane {
  readonly message: string;
  /** In the order in which they were given out; those of two attempts may overlap. */
  readonly spans: readonly MessageSpan[];
  readonly marks: readonly Mark[];
  readonly outcome: "acknowledged" | "repeated" | "lost";
}

/** @param until when the recording ends */
export function messageLanes(events: readonly RolloutEvent[], until: number): MessageLane[] {
  const ends: Ends = {
    deletedAt: (pod) => events.find((event) => event.kind === "deleted" && event.pod === pod)?.at,
    appEndedAt: (pod) =>
      events.find((event) => event.kind === "ended" && event.container === "app" && event.pod === pod)?.at ?? until,
  };
  const byMessage = Object.groupBy(events.filter(isOfMessage), ({ message }) => message);
  const publishedAt = (own: readonly MessageEvent[]) => own.find(({ kind }) => kind === "published")?.at ?? 0;
  return Object.entries(byMessage)
    .sort(([, a], [, b]) => publishedAt(a ?? []) - publishedAt(b ?? []))
    .map(([message, own]) => lane(message, own ?? [], ends));
}

interface Ends {
  readonly deletedAt: (pod: string) => number | undefined;
  readonly appEndedAt: (pod: string) => number;
}

type MessageEvent = Extract<RolloutEvent, { readonly message: string }>;
type Of<Kind extends MessageEvent["kind"]> = MessageEvent & { readonly kind: Kind };

function isOfMessage(event: RolloutEvent): event is MessageEvent {
  return "message" in event;
}

/** The broker's word of a delivery may come a little later than the app's that it has it. */
const LATE_MS = 500;

function lane(message: string, own: readonly MessageEvent[], ends: Ends): MessageLane {
  const arrivals = own.filter((event): event is Of<"begun" | "refused"> =>
    event.kind === "begun" || event.kind === "refused"
  );
  const given = deliveries(own, arrivals);
  const spans: MessageSpan[] = [];
  const marks: Mark[] = [];
  let waitsSince = own.find(({ kind }) => kind === "published")?.at;
  for (const [index, { delivery, arrival }] of given.entries()) {
    const at = givenAt({ delivery, arrival });
    if (waitsSince !== undefined) {
      spans.push({ state: "queued", from: Math.min(waitsSince, at), to: at, pod: undefined });
    }
    waitsSince = undefined;
    const next = given[index + 1];
    if (arrival?.kind === "begun") {
      const completed = own.find((event) => event.kind === "completed" && event.attempt === arrival.attempt);
      spans.push({
        state: completed ? "working" : "cutOff",
        from: arrival.at,
        to: completed?.at ?? Math.max(arrival.at, ends.appEndedAt(arrival.pod)),
        pod: arrival.pod,
      });
      if (!completed) continue;
      marks.push({ kind: marks.length === 0 ? "acknowledged" : "again", at: completed.at, pod: arrival.pod });
    } else if (next !== undefined) {
      spans.push({ state: "parked", from: at, to: givenAt(next), pod: delivery.pod ?? undefined });
    }
  }
  if (marks.length > 0) return { message, spans, marks, outcome: marks.length > 1 ? "repeated" : "acknowledged" };
  return { message, spans, marks: [loss(own, given.at(-1), spans, ends)], outcome: "lost" };
}

function loss(
  own: readonly MessageEvent[],
  last: Given | undefined,
  spans: readonly MessageSpan[],
  { deletedAt }: Ends,
): Mark {
  const at = Math.max(...own.map(({ at }) => at), ...spans.map(({ to }) => to));
  const pod = last?.arrival?.pod ?? last?.delivery.pod;
  if (pod == null) return { kind: "lost", at, pod: undefined };
  const app = last?.arrival?.kind === "begun"
    ? "working"
    : last?.arrival?.kind === "refused"
    ? "starting"
    : (deletedAt(pod) ?? Number.POSITIVE_INFINITY) <= at + LATE_MS
    ? "ending"
    : undefined;
  return { kind: "lost", at, pod, app };
}

interface Given {
  readonly delivery: Of<"delivered">;
  /** How it came to the app, if it did. */
  readonly arrival: Of<"begun" | "refused"> | undefined;
}

/** The broker's word of a delivery, or the app's that it has it, if that came sooner. */
function givenAt({ delivery, arrival }: Given): number {
  return Math.min(delivery.at, arrival?.at ?? delivery.at);
}

function deliveries(own: readonly MessageEvent[], arrivals: readonly Of<"begun" | "refused">[]): Given[] {
  const left = [...arrivals];
  return own.filter((event): event is Of<"delivered"> => event.kind === "delivered").map((delivery) => {
    const index = left.findIndex(({ pod, at }) =>
      at >= delivery.at - LATE_MS && (delivery.pod === null || pod === delivery.pod)
    );
    return { delivery, arrival: index === -1 ? undefined : left.splice(index, 1)[0] };
  });
}
