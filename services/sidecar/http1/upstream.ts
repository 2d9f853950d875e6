/** A connection to the app, used by one connection of daprd at a time. @module */
import type { Socket } from "../../host/sockets/index.ts";
import type { Buffers } from "../relay/buffers.ts";
import { Inlet } from "../relay/inlet.ts";

export class Upstream {
  readonly socket: Socket;
  readonly inlet: Inlet;
  /** Whether a request went over it before: only then can the app have closed it as idle. */
  used = false;
  /** Called if the connection ends while it carries an exchange. */
  onCut: (() => void) | null = null;
  #busy = false;

  constructor(socket: Socket, buffers: Buffers) {
    this.socket = socket;
    this.inlet = new Inlet(socket, buffers);
    this.inlet.onEnd = () => {
      if (this.#busy) this.onCut?.();
      else this.close();
    };
  }

  /**
   * Whether the next request can go over it: the app has not closed it while it was idle, which is normal, nor said
   * anything unasked, which would be taken for the next answer.
   */
  get usable(): boolean {
    return !this.inlet.ended && this.inlet.at === this.inlet.end;
  }

  begin(): void {
    this.#busy = true;
  }

  /** From now on an end of the connection is only an idle close; it is watched for. */
  idle(): void {
    this.used = true;
    this.#busy = false;
    this.inlet.watch();
  }

  close(): void {
    this.socket.close();
  }
}
