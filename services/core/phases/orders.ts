/**
 * What the shell must do in a state: derived, never stored.
 * @module
 */
import type { HookName } from "../sidecar-config.ts";
import type { PhasePolicy, State } from "./state.ts";

/** What the shell must do in a state. */
export type Orders = {
  readonly relayOpen: boolean;
  readonly pass: { readonly delivery: boolean; readonly call: boolean; readonly opaque: boolean };
  readonly ask: {
    readonly ready: boolean;
    readonly busy: boolean;
    readonly appGone: boolean;
    /** Whether the app's port refuses, in a restart of the app alone. */
    readonly appRefuses: boolean;
    readonly daprdGone: boolean;
  };
  /** Hooks whose answer must wait; any other that is open is answered at once. */
  readonly hold: ReadonlySet<HookName>;
  /** Ask daprd's shutdown API to exit at once. */
  readonly stopDaprdPromptly: boolean;
  /** Ask daprd's shutdown API to end as on SIGTERM, which nobody else sends it. */
  readonly stopDaprdGracefully: boolean;
  readonly exit: boolean;
  /** All is over, and nobody has asked for it: to exit, unless the kubelet would start DAPS again. */
  readonly finished: boolean;
};

export function orders(state: State, policy: PhasePolicy): Orders {
  const { phase, drain, hooks } = state;
  const leaving = phase === "leaving" || phase === "forced" || phase === "gone";
  const waitingForReady = phase === "gating" || phase === "recovering";
  const released = drain !== null && drain.releasedAt !== null;
  const mayEnd = { app: released, daprd: mayEndDaprd(state), daps: mayEndDaps(state, policy) };
  return {
    relayOpen: state.relayOpen,
    pass: {
      delivery: phase === "serving",
      call: phase === "serving" || (phase === "draining" && !released && !state.appGone),
      opaque: phase === "serving",
    },
    ask: {
      ready: waitingForReady,
      busy: phase === "draining" && !released,
      appGone: (phase === "draining" || leaving) && !state.appGone,
      appRefuses: phase === "recovering" && state.distrustReadyUntil !== null,
      daprdGone: (phase === "leaving" || phase === "forced") && !state.daprdGone,
    },
    hold: new Set([...hooks].filter((name) => !mayEnd[name])),
    stopDaprdPromptly: state.daprdStop?.how === "prompt" && !state.daprdGone,
    stopDaprdGracefully: state.daprdStop?.how === "graceful" &&
      (drain?.cause === "finished" || (drain?.cause === "deletion" && policy.daprdNative)),
    finished: phase === "gone" && drain?.cause === "finished",
    exit: state.sigtermAt !== null && phase === "gone",
  };
}

/** Before a native daprd the kubelet tells DAPS by SIGTERM that the app is gone, for which the hook must be answered. */
function mayEndDaps({ phase, drain }: State, { daprdNative }: PhasePolicy): boolean {
  if (phase === "gone") return true;
  return daprdNative && drain !== null && drain.cause === "deletion" && drain.releasedAt !== null;
}

function mayEndDaprd(state: State): boolean {
  if (state.daprdGone || state.phase === "gone") return true;
  return state.daprdStop?.how === "graceful" || state.drain?.cause === "restart-daprd";
}
