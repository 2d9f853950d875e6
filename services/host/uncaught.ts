/**
 * Errors that nobody foresaw and nothing has caught.
 * @module
 */
import process from "node:process";

/**
 * Calls `listener` with each one, thrown or rejected, in place of the runtime's own end of the process. It must not
 * throw.
 */
export function onUncaught(listener: (error: unknown) => void): void {
  process.on("uncaughtException", listener);
  process.on("unhandledRejection", listener);
}
