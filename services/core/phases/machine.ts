/**
 * The phases of the sidecar: a pure state machine. Events go in with the time; a state comes out, and `orders` says
 * what the shell must do in it.
 *
 * ```
 *             app ready                 any hook of a deletion             all idle, settled
 *  gating ───────────────▶ serving ───────────────────────▶ draining ───────────────────────▶ leaving ──▶ gone
 *                           ▲    │                              │ grace period − margin,           app gone → daprd's hook
 *                 app ready │    │ app's port refuses,          │ or SIGTERM while a hook is held  daprd gone → own hook
 *                           │    ▼ a connection dies            ▼
 *                         recovering                          forced ─────────────────────────▶
 * ```
 * @module
 */
import type { HookName } from "../sidecar-config.ts";
import { causeOf, drainStep, finish, force, startDrain } from "./drain.ts";
import { Due } from "./due.ts";
import { leaveStep } from "./leave.ts";
import { orders } from "./orders.ts";
import {
  type Drain,
  endsWithApp,
  enter,
  type Event,
  initial,
  marginOf,
  type PhasePolicy,
  RESTART_WINDOW_MS,
  type State,
} from "./state.ts";

/** The state of a sidecar that starts now. */
export function begin(now: number, policy: PhasePolicy): State {
  return advance(initial(now), { type: "tick" }, now, policy);
}

/** The state after an event. Events that mean nothing in a phase change nothing in it. */
export function advance(state: State, event: Event, now: number, policy: PhasePolicy): State {
  let next = observe(state, event, now, policy);
  for (;;) {
    const due = new Due(now);
    const after = step(next, due, now, policy);
    if (after === next) return { ...next, wakeAt: due.next };
    next = after;
  }
}

/** What an event says, without what follows from it. */
function observe(state: State, event: Event, now: number, policy: PhasePolicy): State {
  switch (event.type) {
    case "tick":
      return state;
    case "traffic": {
      const { deliveries, calls, parked, opaqueAt, calledAt } = event;
      return { ...state, deliveries, calls, parked, opaqueAt, calledAt };
    }
    case "busy":
      return { ...state, busy: event.busy };
    case "ready":
      return readied(state, now);
    case "daprd-up":
      return state.phase === "gating"
        ? { ...enter(state, "recovering", "daprd was already serving", now), relayOpen: true }
        : state;
    case "app-failed":
      return state.phase === "serving" ? enter(state, "recovering", "the app's connection failed", now) : state;
    case "app-finished":
      return state.drain === null && endsWithApp(policy) ? finish(state, now, policy) : state;
    case "app-gone":
      return { ...state, appGone: state.drain !== null, distrustReadyUntil: null };
    case "daprd-gone":
      return { ...state, daprdGone: state.phase === "leaving" || state.phase === "forced" || state.daprdGone };
    case "hook":
      return hooked(state, event.name, now, policy);
    case "sigterm":
      return terminated(state, now, policy);
  }
}

function readied(state: State, now: number): State {
  if (state.phase === "gating") return { ...enter(state, "serving", "the app is ready", now), relayOpen: true };
  if (state.phase !== "recovering") return state;
  if (state.distrustReadyUntil !== null && now < state.distrustReadyUntil) return state;
  return { ...enter(state, "serving", "the app is ready again", now), distrustReadyUntil: null };
}

function hooked(state: State, name: HookName, now: number, policy: PhasePolicy): State {
  const hooks = new Set([...state.hooks, name]);
  const next = { ...state, hooks };
  if (state.phase === "gone") return next;
  if (state.drain === null) return startDrain(next, `preStop of ${name}`, now, policy);
  if (state.drain.cause === "finished") return overtaken(next, state.drain, now, policy);
  const wasRestart = state.drain.cause.startsWith("restart");
  const cause = causeOf(hooks, state.drain.cause);
  // The grace period of a deletion begins with the deletion, not with the restart that it came upon.
  if (wasRestart && cause === "deletion" && now - state.drain.startedAt > RESTART_WINDOW_MS) {
    return { ...startDrain(next, `preStop of ${name}`, now, policy), hooks };
  }
  return { ...next, drain: { ...state.drain, cause } };
}

/** The hooks come when all is over: the kubelet ends a native DAPS after daprd, or somebody deletes the pod meanwhile. */
function overtaken(state: State, drain: Drain, now: number, policy: PhasePolicy): State {
  const deadline = now + policy.gracePeriodMs - marginOf(policy);
  return { ...state, drain: { ...drain, cause: "deletion", deadline } };
}

function terminated(state: State, now: number, policy: PhasePolicy): State {
  if (state.sigtermAt !== null) return state;
  const next = { ...state, sigtermAt: now };
  if (state.phase === "gone") return next;
  if (orders(state, policy).hold.size > 0 && !ownHookMissed(state)) {
    return force(next, "SIGTERM while a hook was held", now);
  }
  if (state.drain === null) {
    return startDrain(next, "SIGTERM", now, policy);
  }
  return next;
}

/**
 * In a pod that begins, the kubelet may have called DAPS's own hook before DAPS listened, and one of the others after:
 * the SIGTERM then is no sign that the grace period ends.
 */
function ownHookMissed({ hooks, relayOpen }: State): boolean {
  return !hooks.has("daps") && !relayOpen;
}

/** One consequence of the state and the time; the same state if there is none. */
function step(state: State, due: Due, now: number, policy: PhasePolicy): State {
  switch (state.phase) {
    case "gating":
    case "recovering":
      return readyTimeout(state, due, now, policy);
    case "draining":
      return drainStep(state, due, now, policy);
    case "leaving":
    case "forced":
      return leaveStep(state, due, now, policy);
    default:
      return state;
  }
}

function readyTimeout(state: State, due: Due, now: number, policy: PhasePolicy): State {
  if (policy.readyTimeoutMs === null || !due.reached(state.since + policy.readyTimeoutMs)) return state;
  return {
    ...enter(state, "serving", "ready-timeout passed without the app being ready", now),
    relayOpen: true,
    distrustReadyUntil: null,
  };
}
