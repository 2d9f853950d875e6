/**
 * Signals that ask the process to end.
 * @module
 */
import process from "node:process";

export type EndSignal = "SIGTERM" | "SIGINT";

/**
 * Calls `listener` at each SIGTERM (the kubelet) and SIGINT (a terminal), in place of the runtime's own exit.
 * Returns how to stop that.
 */
export function onEndSignal(listener: (signal: EndSignal) => void): () => void {
  const signals: readonly EndSignal[] = ["SIGTERM", "SIGINT"];
  const removals = signals.map((signal) => {
    const handle = (): void => listener(signal);
    process.on(signal, handle);
    return () => process.off(signal, handle);
  });
  return () => removals.forEach((remove) => remove());
}
