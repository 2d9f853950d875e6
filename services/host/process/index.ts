/**
 * The process that a role runs in. Only a main.ts imports it: the others get passed in what they need.
 * @module
 */
import type { Environment } from "./env.ts";

/** The kubelet ends with SIGTERM, a terminal with SIGINT. */
export type EndSignal = "SIGTERM" | "SIGINT";

export const END_SIGNALS: readonly EndSignal[] = ["SIGTERM", "SIGINT"];

export interface HostProcess {
  /** Those of the command line that are meant for the program. */
  readonly args: readonly string[];
  readonly env: Environment;
  /** To the standard output. */
  readonly print: (text: string) => void;
  /** To the standard error. */
  readonly complain: (text: string) => void;
  /** Calls `listener` at each signal that asks the process to end, in place of the runtime's own exit. */
  onEndSignal(listener: (signal: EndSignal) => void): void;
  /** @throws what the runtime does where that can't be written */
  writeFile(path: string, text: string): void;
  exit(code: number): never;
}

/**
 * By the runtime's own means, loaded on demand: in an idle sidecar Node's modules take Deno more than a megabyte (see
 * docs/performance.md).
 */
export async function hostProcess(): Promise<HostProcess> {
  return "Deno" in globalThis ? (await import("./deno.ts")).denoProcess : (await import("./node.ts")).nodeProcess;
}
