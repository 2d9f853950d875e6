/**
 * The state of a sidecar's life, the events that change it, and the settings that it depends on.
 * @module
 */
import type { HookName, SidecarConfig } from "../sidecar-config.ts";
import type { Phase } from "../status.ts";

/** All hooks of a deletion arrive within 10 ms (kubelet: they start in parallel); one that stays alone is a restart. */
export const RESTART_WINDOW_MS = 1000;
/**
 * The same for daprd's hook, whose answer nobody can take back: a daprd that ends too early loses what it holds. On a
 * node that has no time left, the other hooks of a deletion may come, or be read, seconds later.
 */
export const DAPRD_RESTART_WINDOW_MS = 5000;
/** How long a forced stop of daprd may take to show its effect before SIGTERM. */
export const FORCED_STOP_MS = 1000;
/**
 * The same of a prompt stop. On a node without CPU time left, daprd took over 1 s to answer and 3 s to end; SIGTERM would
 * have it refuse what it holds.
 */
export const PROMPT_STOP_MS = 5000;
/** What happened. Times are the shell's clock, in milliseconds. */
export type Event =
  /** The app's readiness check succeeded. */
  | { readonly type: "ready" }
  /** DAPS found daprd serving already: DAPS itself was restarted. */
  | { readonly type: "daprd-up" }
  /** A connection to the app was refused, or died in the middle of an exchange. */
  | { readonly type: "app-failed" }
  /** The app's process is gone, as far as can be seen from outside of it. */
  | { readonly type: "app-gone" }
  /** In a pod that ends with its app (`endsWithApp`), the app is gone, and nobody has asked it to go. */
  | { readonly type: "app-finished" }
  /** daprd is gone: every connection it held to the relay is closed, and its ports refuse. */
  | { readonly type: "daprd-gone" }
  | { readonly type: "hook"; readonly name: HookName }
  | { readonly type: "sigterm" }
  | {
    readonly type: "traffic";
    readonly deliveries: number;
    readonly calls: number;
    readonly parked: number;
    /** When the last byte passed a connection that DAPS can't look into; null: never. */
    readonly opaqueAt: number | null;
    /** When another app's call last came; null: never. */
    readonly calledAt: number | null;
  }
  /** The app's own word, or false where the count of what is in flight decides alone. */
  | { readonly type: "busy"; readonly busy: boolean }
  | { readonly type: "tick" };

/** The settings that the phases depend on. */
export type PhasePolicy =
  & Pick<
    SidecarConfig,
    "settleMs" | "callDrainMs" | "restartDrainMs" | "drainMarginMs" | "gracePeriodMs" | "job"
  >
  & {
    readonly readyTimeoutMs: number | null;
    /** The app has a preStop of DAPS: a deletion calls it while the app lives. */
    readonly appHeld: boolean;
    /** Then the kubelet ends DAPS when the app has ended, and daprd when DAPS has: see `place` in `plan.ts`. */
    readonly daprdNative: boolean;
    readonly daprdStop: "auto" | "graceful" | "prompt";
  };

export type Drain = {
  readonly startedAt: number;
  /** When DAPS lets go whatever runs; null: never, as no grace period has begun. */
  readonly deadline: number | null;
  /** Why the hooks came, a deletion stays one; or `finished`: none came, and the app has ended by itself for good. */
  readonly cause: "unknown" | "deletion" | "restart-app" | "restart-daprd" | "restart-daps" | "finished";
  /** Since when there is no delivery in flight and the app is not busy. */
  readonly idleSince: number | null;
  /** When the app's end was allowed. */
  readonly releasedAt: number | null;
  readonly forcedAt: number | null;
};

export type State = {
  readonly phase: Phase;
  readonly since: number;
  /** Why the phase began, for people. */
  readonly reason: string;
  /** Once true, true for good: a refused connection is a discarded message. */
  readonly relayOpen: boolean;
  /** Hooks that wait for an answer, or had one in this drain. */
  readonly hooks: ReadonlySet<HookName>;
  readonly drain: Drain | null;
  readonly deliveries: number;
  readonly calls: number;
  readonly parked: number;
  readonly opaqueAt: number | null;
  readonly calledAt: number | null;
  /** Null: not asked yet in this drain. */
  readonly busy: boolean | null;
  readonly appGone: boolean;
  /** In recovering after a restart of the app: until when an answer may still be the old process's. */
  readonly distrustReadyUntil: number | null;
  readonly daprdStop: { readonly at: number; readonly how: "graceful" | "prompt" } | null;
  readonly daprdGone: boolean;
  readonly sigtermAt: number | null;
  /** When time alone changes something; null: never. */
  readonly wakeAt: number | null;
};

/** Before the first event. */
export function initial(now: number): State {
  return {
    phase: "gating",
    since: now,
    reason: "started",
    relayOpen: false,
    hooks: new Set(),
    drain: null,
    deliveries: 0,
    calls: 0,
    parked: 0,
    opaqueAt: null,
    calledAt: null,
    busy: null,
    appGone: false,
    distrustReadyUntil: null,
    daprdStop: null,
    daprdGone: false,
    sigtermAt: null,
    wakeAt: null,
  };
}

/**
 * Whether the app's end is the pod's: a Job's, whose containers are not started again (its other restartPolicy is not
 * injected). With an ordinary daprd it is DAPS that has to end it, as the kubelet waits for daprd for ever.
 */
export function endsWithApp(policy: PhasePolicy): boolean {
  return policy.job && !policy.daprdNative;
}

/** How long before the end of the grace period DAPS lets go, ms. */
export function marginOf(policy: PhasePolicy): number {
  return Math.min(policy.drainMarginMs, policy.gracePeriodMs / 2);
}

export function enter(state: State, phase: Phase, reason: string, now: number): State {
  return { ...state, phase, since: now, reason };
}
