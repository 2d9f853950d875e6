/**
 * What DAPS has to say about a pod: stable ids for logs and metrics, sentences for people.
 * @module
 */

export type WarningId =
  | "app-exec-hook"
  | "app-max-concurrency"
  | "app-tls"
  | "bad-value"
  | "block-shutdown"
  | "grace-period"
  | "native-sidecar"
  | "no-app-container"
  | "not-injected"
  | "unknown-annotation";

export type Warning = { readonly id: WarningId; readonly message: string };

/** @param message says what could not be done, why, and what to do; no final period */
export function warning(id: WarningId, message: string): Warning {
  return { id, message };
}
