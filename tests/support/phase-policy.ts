/** What the defaults of the settings make of a pod with an ordinary daprd and a grace period of a minute. @module */
import type { PhasePolicy } from "../../services/core/phases/state.ts";

export const POLICY: PhasePolicy = {
  readyTimeoutMs: null,
  appHeld: true,
  settleMs: 400,
  callDrainMs: 20_000,
  restartDrainMs: 10_000,
  drainMarginMs: 3000,
  gracePeriodMs: 60_000,
  daprdNative: false,
  daprdStop: "auto",
  job: false,
};
