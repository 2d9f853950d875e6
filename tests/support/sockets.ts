/** Sockets as tests read them. @module */
import type { Socket } from "../../services/host/sockets/index.ts";

/** The socket's `read` as a promise. */
export function readOnce(socket: Socket, into: Uint8Array): Promise<number | null> {
  return new Promise((resolve, reject) => socket.read(() => into, resolve, reject));
}
