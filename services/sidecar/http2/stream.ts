/** A stream: one request of daprd and its answer. @module */
import { type Classified, classify, type RequestHead } from "../../core/classes.ts";
import { classifyGrpc, type GrpcClassified, isGrpc } from "../../core/grpc-classes.ts";
import type { Lease } from "../../core/ledger.ts";
import type { Learner } from "../http1/delivery-paths.ts";
import { Attempts } from "../relay/attempts.ts";
import type { RelayContext } from "../relay/context.ts";
import type { Waiter } from "../relay/waiting-room.ts";
import type { Detour } from "./detour.ts";
import type { HeldStream } from "./held-stream.ts";
import type { HeaderField } from "./hpack/static-table.ts";
import { type Question, questionOf } from "./question.ts";

export class Stream {
  readonly id: number;
  readonly classified: Classified | GrpcClassified;
  readonly method: string;
  /** Path without query, as it came. */
  readonly path: string;
  readonly grpc: boolean;
  readonly startedAt: number;
  /** What Dapr asks only once; null for everything else. */
  readonly question: Question | null;
  /** Where its frames go; `kept`: nowhere yet. */
  place: "direct" | "kept" | "detour" = "kept";
  /** While it is on its way to the app, or with it. */
  lease: Lease | null = null;
  waiter: Waiter | null = null;
  held: HeldStream | null = null;
  learner: Learner | null = null;
  daprdEnded = false;
  appEnded = false;
  /** The head of its answer has gone to daprd. */
  headed = false;
  /** So much of its answer has gone to daprd that it can't get another one: for gRPC, whose heads are alike, content. */
  answered = false;
  readonly attempts: Attempts;
  /** What daprd has been allowed to send beyond the initial window. */
  granted = 0;
  /** What daprd allows to be sent to it beyond its initial window. */
  credit = 0;
  /** On a detour: which, its id there, whether its end was sent, and its flow control there. */
  detour: Detour | null = null;
  upId = 0;
  endSent = false;
  sent = 0;
  grantedByApp = 0;

  constructor(context: RelayContext, id: number, fields: readonly HeaderField[]) {
    const { options, deliveryPaths } = context;
    const head = headOf(fields);
    const { delivery, call } = options.ledger.inFlight;
    this.id = id;
    this.attempts = new Attempts(context);
    this.method = head.method;
    this.path = head.path;
    this.grpc = isGrpc(head.contentType);
    this.classified = this.grpc ? classifyGrpc(head.path) : classify(head, deliveryPaths, delivery + call === 0);
    this.question = questionOf(this);
    this.startedAt = options.now();
    if (this.classified.rule === "invocation") context.lastCallAt = this.startedAt;
  }

  get class(): Classified["class"] {
    return this.classified.class;
  }

  leave(): void {
    this.lease?.[Symbol.dispose]();
    this.lease = null;
  }
}

/** What of a request's fields its class depends on. */
export function headOf(fields: readonly HeaderField[]): RequestHead {
  const ids = { hasCallerAppId: false, hasCalleeAppId: false, hasPubsubName: false };
  const head = { method: "", path: "", contentType: "", ...ids };
  for (const { name, value } of fields) {
    if (name === ":method") head.method = value;
    else if (name === ":path") head.path = withoutQuery(value);
    else if (name === "content-type") head.contentType = value;
    else if (name === "dapr-caller-app-id") head.hasCallerAppId = true;
    else if (name === "dapr-callee-app-id") head.hasCalleeAppId = true;
    else if (name === "pubsubname") head.hasPubsubName = true;
  }
  return head;
}

function withoutQuery(path: string): string {
  const at = path.search(/[?#]/);
  return at < 0 ? path : path.slice(0, at);
}
