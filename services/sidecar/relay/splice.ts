/**
 * Passes bytes both ways without looking at them, each direction to its own end.
 * @module
 */
import { type Socket, writeAll } from "../../host/sockets/index.ts";
import type { Inlet } from "./inlet.ts";

export type End = { readonly inlet: Inlet; readonly socket: Socket };

/**
 * Resolves when both directions have ended; neither socket is closed then. What the inlets already hold goes first.
 *
 * @param onBytes called whenever bytes have come from either side
 */
export async function splice(down: End, up: End, onBytes: () => void): Promise<void> {
  await Promise.all([pump(down, up, onBytes), pump(up, down, onBytes)]);
}

async function pump(from: End, to: End, onBytes: () => void): Promise<void> {
  const { inlet } = from;
  try {
    for (;;) {
      if (inlet.end > inlet.at) {
        onBytes();
        const bytes = inlet.bytes.subarray(inlet.at, inlet.end);
        inlet.at = inlet.end;
        await writeAll(to.socket, bytes);
      }
      if (!await inlet.fill()) break;
    }
  } catch {
    // `to` takes nothing any more: end `from` too, so that its peer learns it.
    from.socket.close();
    return;
  }
  if (inlet.failure !== null) to.socket.close();
  else to.socket.closeWrite();
}
