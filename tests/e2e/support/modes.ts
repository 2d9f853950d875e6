/** How daprd and DAPS can stand in a pod. @module */
import type { ModeId } from "../../../scripts/lib/matrix/modes.ts";
import type { DeployOptions } from "../../../scripts/lib/proof/index.ts";

export interface Mode {
  /** For names of namespaces. */
  readonly id: ModeId;
  readonly title: string;
  readonly native: boolean;
  readonly daps: Readonly<Record<string, string>>;
}

export const ORDINARY: Mode = {
  id: "oo",
  title: "daprd ordinary, DAPS ordinary",
  native: false,
  daps: { "native-sidecar": "false" },
};
export const MIXED: Mode = {
  id: "on",
  title: "daprd ordinary, DAPS native",
  native: false,
  daps: { "native-sidecar": "true" },
};
export const NATIVE: Mode = { id: "nn", title: "daprd native, DAPS native", native: true, daps: {} };

export const MODES: readonly Mode[] = [ORDINARY, MIXED, NATIVE];

/** A worker with DAPS in a mode. */
export function withDaps(
  mode: Mode,
  test: string,
  daps: Readonly<Record<string, string>> = {},
): Pick<DeployOptions, "namespace" | "native" | "daps"> {
  return {
    namespace: `${test}-${mode.id}`,
    native: mode.native,
    daps: { "ready-path": "/healthz", ...mode.daps, ...daps },
  };
}
