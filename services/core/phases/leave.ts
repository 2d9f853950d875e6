/**
 * From the app's end until daprd and DAPS itself may end.
 * @module
 */
import { force } from "./drain.ts";
import type { Due } from "./due.ts";
import { endsWithApp, enter, FORCED_STOP_MS, marginOf, type PhasePolicy, PROMPT_STOP_MS, type State } from "./state.ts";

/** After SIGTERM with a hook still held, the kubelet leaves 2 s (`minimumGracePeriodInSeconds`). */
const FORCED_BY_SIGTERM_APP_MS = 500;

export function leaveStep(state: State, due: Due, now: number, policy: PhasePolicy): State {
  const { drain } = state;
  if (drain === null) return state;
  if (state.daprdGone) return enter(state, "gone", "daprd is gone", now);
  if (state.phase === "leaving" && drain.deadline !== null && due.reached(drain.deadline)) {
    return force(state, "the grace period is about to end", now);
  }
  if (state.daprdStop !== null) {
    if (isKubeletsTurn(state, policy)) return enter(state, "gone", "the kubelet ends daprd", now);
    return state.phase === "forced" ? giveUp(state, due, now, policy) : promptStopWait(state, due, policy);
  }
  const how = stopOf(state, due, policy);
  if (how !== null) return { ...state, daprdStop: { at: now, how } };
  // Nobody holds a hook and nothing waits in DAPS: a SIGTERM of DAPS alone.
  if (state.sigtermAt !== null && state.hooks.size === 0 && state.parked === 0) {
    return enter(state, "gone", "drained after SIGTERM", now);
  }
  return state;
}

/** A native daprd that is to end as on SIGTERM gets that from the kubelet, unless DAPS has to stay for what is parked. */
function isKubeletsTurn({ daprdStop, sigtermAt, parked }: State, { daprdNative }: PhasePolicy): boolean {
  return daprdNative && daprdStop?.how === "graceful" && sigtermAt !== null && parked === 0;
}

/** How daprd is to be stopped now; null: not yet, or not by DAPS. */
function stopOf(state: State, due: Due, policy: PhasePolicy): "graceful" | "prompt" | null {
  const { drain } = state;
  if (state.phase === "forced" && drain !== null && drain.forcedAt !== null) {
    const appTime = state.sigtermAt === null ? marginOf(policy) / 3 : FORCED_BY_SIGTERM_APP_MS;
    // What is still in flight goes back to the broker with daprd's connection; a graceful stop would discard it.
    return state.appGone || due.reached(drain.forcedAt + appTime)
      ? (endsWithApp(policy) ? "graceful" : "prompt")
      : null;
  }
  // While DAPS is away a delivery is refused, and lost: daprd has to go first, and what it holds back to the broker.
  if (drain?.cause === "restart-daps") return "prompt";
  if (!hasAppEnded(state, policy)) return null;
  if (endsWithApp(policy)) return "graceful";
  // With nothing parked too: a graceful stop ends the subscription before the connection, and what the broker sends in
  // between is refused, which it takes for good (subscription.go: Stop; contrib pubsub/rabbitmq: Nack without requeue).
  return policy.daprdStop === "auto" ? "prompt" : policy.daprdStop;
}

/** Where daprd is native the kubelet says so, and knows best (`mayEndDaps`); not by a SIGTERM that came too early. */
function hasAppEnded({ appGone, sigtermAt, drain }: State, { daprdNative }: PhasePolicy): boolean {
  if (!daprdNative) return appGone;
  return sigtermAt !== null && (appGone || sigtermAt >= (drain?.releasedAt ?? Infinity));
}

// Looks again when the prompt stop should have shown its effect; `mayEndDaprd` reads the same time.
function promptStopWait(state: State, due: Due, policy: PhasePolicy): State {
  const { daprdStop, drain } = state;
  if (daprdStop?.how !== "prompt" || drain === null) return state;
  // A native one gives back what is parked when the kubelet kills it, if it does not do so before.
  if (policy.daprdNative && state.parked > 0) return state;
  const until = Math.min(
    daprdStop.at + PROMPT_STOP_MS,
    drain.forcedAt === null ? Infinity : Math.max(daprdStop.at, drain.forcedAt) + FORCED_STOP_MS,
  );
  return due.reached(until) ? { ...state, daprdStop: { ...daprdStop, how: "graceful" } } : state;
}

function giveUp(state: State, due: Due, now: number, policy: PhasePolicy): State {
  const waited = promptStopWait(state, due, policy);
  if (waited !== state) return waited;
  // A parked connection is not closed on our own SIGTERM before daprd is gone: then SIGKILL ends both.
  const forcedAt = state.drain?.forcedAt ?? null;
  if (state.sigtermAt !== null || forcedAt === null) return state;
  return due.reached(forcedAt + marginOf(policy) - FORCED_STOP_MS / 2)
    ? enter(state, "gone", "the grace period ends", now)
    : state;
}
