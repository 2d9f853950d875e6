/**
 * From the first hook until the app's end is allowed.
 * @module
 */
import type { HookName } from "../sidecar-config.ts";
import type { Due } from "./due.ts";
import {
  DAPRD_RESTART_WINDOW_MS,
  type Drain,
  enter,
  marginOf,
  type PhasePolicy,
  RESTART_WINDOW_MS,
  type State,
} from "./state.ts";

/**
 * The kubelet gives a DAPS whose liveness fails 5 s in all (`daps-container.ts`): so long may its restart wait for work
 * in flight, before daprd has to go.
 */
const OWN_RESTART_DRAIN_MS = 3000;

/**
 * Calls have stopped when none has come for so long. Until then the sidecars of other apps have this pod's address: they
 * keep what they have looked up for 20 s, and repeat a call that failed at the same address, so that it fails for good
 * (Dapr 1.18, `pkg/messaging/direct_messaging.go`: resolverCacheTTL, invokeWithRetry).
 */
const CALLS_STOPPED_MS = 5000;
/** What part of the time until the deadline calls leave the app for its own end: no drain is forced because of them. */
const APP_END_SHARE = 0.2;

export function startDrain(state: State, reason: string, now: number, policy: PhasePolicy): State {
  return {
    ...enter(state, "draining", reason, now),
    busy: null,
    appGone: false,
    daprdStop: null,
    drain: {
      startedAt: now,
      deadline: now + policy.gracePeriodMs - marginOf(policy),
      cause: causeOf(state.hooks, "unknown"),
      idleSince: null,
      releasedAt: null,
      forcedAt: null,
    },
  };
}

/** The app has ended by itself, in a pod that ends with it: there is nothing to wait for, and no grace period. */
export function finish(state: State, now: number, policy: PhasePolicy): State {
  const begun = startDrain(state, "the app has ended", now, policy);
  return { ...begun, appGone: true, drain: begun.drain && { ...begun.drain, cause: "finished", deadline: null } };
}

export function causeOf(hooks: ReadonlySet<HookName>, before: Drain["cause"]): Drain["cause"] {
  const other = before === "restart-daps" && (hooks.has("app") || hooks.has("daprd"));
  return hooks.size > 1 || other ? "deletion" : before;
}

export function force(state: State, reason: string, now: number): State {
  if (state.drain === null) return state;
  const drain: Drain = {
    ...state.drain,
    cause: "deletion",
    releasedAt: state.drain.releasedAt ?? now,
    forcedAt: state.drain.forcedAt ?? now,
  };
  return { ...enter(state, "forced", reason, now), drain };
}

export function drainStep(state: State, due: Due, now: number, policy: PhasePolicy): State {
  const { drain } = state;
  if (drain === null) return state;
  if (drain.cause === "unknown") {
    const windowMs = state.hooks.has("daprd") ? DAPRD_RESTART_WINDOW_MS : RESTART_WINDOW_MS;
    const cause = decide(state, due.reached(drain.startedAt + windowMs), policy);
    if (cause !== null) return { ...state, drain: { ...drain, cause } };
  }
  if (drain.cause === "restart-daprd") return afterDaprdRestart(state, now);
  const idle = isIdle(state, due, policy);
  if (idle !== (drain.idleSince !== null)) return { ...state, drain: { ...drain, idleSince: idle ? now : null } };
  if (drain.releasedAt === null) {
    if (!mayReleaseApp(state, drain, due, policy)) {
      return drain.cause !== "restart-app" && drain.cause !== "restart-daps" && drain.deadline !== null &&
          due.reached(drain.deadline)
        ? force(state, "the grace period is about to end", now)
        : state;
    }
    return { ...state, drain: { ...drain, releasedAt: now } };
  }
  if (drain.cause === "deletion" || drain.cause === "finished") {
    return enter(state, "leaving", state.appGone ? "the app is gone" : "all work is done", now);
  }
  if (drain.cause === "restart-daps") return enter(state, "leaving", "DAPS alone is restarted", now);
  return drain.cause === "restart-app" ? afterAppRelease(state, now, policy) : state;
}

/**
 * What a hook that stays alone means; null: not known yet. DAPS's own, or a SIGTERM without any, is a deletion where no
 * other hook could come: of an app that has ended, or that DAPS does not hold. A Job's daprd must not be made to exit,
 * which would fail the Job.
 */
function decide(state: State, alone: boolean, policy: PhasePolicy): Drain["cause"] | null {
  const { hooks, appGone, sigtermAt } = state;
  // Who is restarted alone leaves DAPS without a SIGTERM.
  if (sigtermAt !== null && (hooks.has("app") || hooks.has("daprd"))) return "deletion";
  if (hooks.has("app")) return alone ? "restart-app" : null;
  if (hooks.has("daprd")) return alone ? "restart-daprd" : null;
  if (!policy.appHeld || policy.job || appGone) return "deletion";
  return alone ? "restart-daps" : null;
}

// Bytes on connections that DAPS can't look into count as work, unless the app says whether it is busy.
function isIdle(state: State, due: Due, policy: PhasePolicy): boolean {
  if (state.deliveries > 0 || state.busy !== false) return false;
  return state.opaqueAt === null || due.reached(state.opaqueAt + policy.settleMs);
}

function mayReleaseApp(state: State, drain: Drain, due: Due, policy: PhasePolicy): boolean {
  if (state.appGone) return true;
  if (drain.cause === "restart-app" && due.reached(drain.startedAt + policy.restartDrainMs)) return true;
  if (drain.cause === "restart-daps" && due.reached(drain.startedAt + ownRestartDrain(state, policy))) return true;
  // Nothing of Dapr has reached an app behind a closed gate.
  if (!state.relayOpen && state.busy === false) return true;
  if (drain.idleSince === null || !due.reached(drain.idleSince + policy.settleMs)) return false;
  return !isCalled(state, drain, due) || due.reached(callDeadline(drain, drain.idleSince, policy));
}

// The callers of an app that is restarted alone go nowhere else.
function isCalled({ calls, calledAt }: State, { cause }: Drain, due: Due): boolean {
  if (calls > 0) return true;
  if (calledAt === null || cause === "restart-app" || cause === "restart-daps") return false;
  return !due.reached(calledAt + CALLS_STOPPED_MS);
}

function callDeadline({ startedAt, deadline }: Drain, idleSince: number, policy: PhasePolicy): number {
  const until = idleSince + policy.settleMs + policy.callDrainMs;
  return deadline === null ? until : Math.min(until, deadline - (deadline - startedAt) * APP_END_SHARE);
}

// A SIGTERM that no hook came with is not the kubelet's, and nobody's clock runs.
function ownRestartDrain({ hooks }: State, { restartDrainMs }: PhasePolicy): number {
  return hooks.size > 0 ? Math.min(OWN_RESTART_DRAIN_MS, restartDrainMs) : restartDrainMs;
}

// The old process may answer "ready" until it is gone, so its answer doesn't count before its port refused once, or
// before it must have been killed.
function afterAppRelease(state: State, now: number, policy: PhasePolicy): State {
  const phase = state.relayOpen ? "recovering" : "gating";
  return {
    ...enter(state, phase, "the app is restarted", now),
    hooks: new Set(),
    drain: null,
    appGone: false,
    distrustReadyUntil: state.appGone || !state.relayOpen ? null : now + policy.gracePeriodMs + RESTART_WINDOW_MS,
  };
}

function afterDaprdRestart(state: State, now: number): State {
  const phase = state.relayOpen ? "recovering" : "gating";
  return { ...enter(state, phase, "daprd is restarted", now), hooks: new Set(), drain: null, appGone: false };
}
