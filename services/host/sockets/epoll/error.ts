/** What the operating system refused. @module */
import { getSystemErrorName } from "node:util";

/** @param errno 0: the socket was closed on this side */
export function systemError(what: string, errno: number): Error {
  if (errno === 0) return new Error(`Cannot ${what}: the socket was closed`);
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`Cannot ${what}: ${code}`), { code });
}
