/** What the relay is given, what it tells, and what can be asked of it. @module */
import type { Classified } from "../../core/classes.ts";
import type { GrpcClassified } from "../../core/grpc-classes.ts";
import type { Ledger, TrafficClass } from "../../core/ledger.ts";
import type { Address, Sockets } from "../../host/sockets/index.ts";
import type { Gate } from "../gate.ts";
import type { Fate } from "./attempts.ts";

export type RelayOptions = {
  /** Where daprd dials. Loopback only: the relay asks nobody who he is. Port 0 takes a free one. */
  readonly listen: Address;
  /** Where the app listens. */
  readonly app: Address;
  /** `http1` and `http2` (h2c with prior knowledge, gRPC) look into the requests; `opaque` passes bytes (TLS app channels). */
  readonly protocol: Protocol;
  readonly gate: Gate;
  readonly ledger: Ledger;
  readonly sockets: Sockets;
  /** The time in ms; only differences count. */
  readonly now: () => number;
  /** What may be kept in memory of requests that are parked or might have to be sent again. */
  readonly hold?: HoldLimits;
  /** Deliver again after an app crash, at most `limit` attempts in all; null leaves it to Dapr's own policy. Default null. */
  readonly redeliver?: { readonly limit: number } | null;
  /** Called when a request is over, whatever its end; it must not throw. */
  readonly onRequest?: (request: RequestReport) => void;
  /** Called when a request or an opaque connection begins to wait; it must not throw. */
  readonly onPark?: (parked: ParkReport) => void;
  /** Called when the app did not survive a delivery; it must not throw. */
  readonly onCut?: (cut: CutReport) => void;
  /** Called when such a delivery goes to the app again; it must not throw. */
  readonly onRedeliver?: () => void;
  /**
   * Dapr's app-health probe, which DAPS answers in the app's place while `answers` holds; null: Dapr does not probe. Its
   * path over gRPC is always the same.
   */
  readonly health?: { readonly path: string; readonly answers: () => boolean } | null;
  /**
   * Called when the app is asked again what Dapr asks only once, with the status of its answer: of HTTP, or of gRPC. It
   * must not throw.
   */
  readonly onAskAgain?: (question: { readonly path: string; readonly status: number }) => void;
  /** Called after each change of `connections`; it must not throw. */
  readonly onConnections?: (connections: number) => void;
  /** Called with an error that nobody foresaw; it has cost one connection. */
  readonly onFault?: (error: unknown) => void;
};

export type Protocol = "http1" | "http2" | "opaque";

/** Bytes of requests in memory, beyond the read buffer that each connection has anyway. */
export type HoldLimits = {
  /** Default 4 MiB, Dapr's own limit of a request. */
  readonly perRequestBytes: number;
  /** Default 32 MiB. */
  readonly totalBytes: number;
};

export type RequestOutcome =
  /** The answer went out whole. */
  | "finished"
  /** The app went away in the middle of the exchange. */
  | "app-died"
  /** daprd went away while the request was parked: it never reached the app, or is not known to have. */
  | "parked-closed"
  /** daprd went away while the app was at work. */
  | "peer-closed"
  /** The request was malformed or ambiguous; answered 400. */
  | "bad-request"
  /** The app's answer was malformed or ambiguous; answered 502 if nothing had gone out. */
  | "bad-response";

export type RequestReport = {
  readonly class: TrafficClass;
  /** The rule that decided the class; `opaque` where nothing is looked into, `unread` for a head that could not be read. */
  readonly rule: Classified["rule"] | GrpcClassified["rule"] | "opaque" | "unread";
  readonly outcome: RequestOutcome;
  /** From the request's head to its end. */
  readonly ms: number;
};

export type ParkReport = {
  readonly class: TrafficClass;
  readonly rule: RequestReport["rule"];
  /** Path without query; empty for opaque connections. */
  readonly path: string;
  /** `gate`: told to wait; `refused`: the app refuses connections; `died`: its connection broke before an answer. */
  readonly why: "gate" | "refused" | "died";
};

export type CutReport = {
  /** Path without query. */
  readonly path: string;
  /** How many attempts at it the app has not survived. */
  readonly cut: number;
  readonly fate: Fate;
};

export interface Relay {
  /** Listens, if it does not yet. Once open, the port stays open until `close`: a refused connection is a lost message. */
  open(): Promise<Address>;
  readonly isOpen: boolean;
  /** Connections that daprd has open, as far as can be seen: see `abandonParked`. */
  readonly connections: number;
  /** When an opaque connection last carried a byte, by `now`; null if none did. */
  readonly lastOpaqueByteAt: number | null;
  /** When another app's call last came, by `now`; null if none did. */
  readonly lastCallAt: number | null;
  /** Delivery paths learned from Dapr's OPTIONS and the app's answer to `GET /dapr/subscribe`. */
  readonly deliveryPaths: ReadonlySet<string>;
  /**
   * The app is gone for good: what is parked will never reach it. Its bytes are thrown away from now on, unanswered,
   * so that the end of each connection is seen even behind a body too large to be held.
   */
  abandonParked(): void;
  /** Closes the port and every connection. For the very end, when daprd is gone. */
  close(): void;
}
