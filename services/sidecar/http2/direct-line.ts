/**
 * The app's end of a direct line: the connection that is opened for one of daprd's, over which bytes pass as they come.
 * @module
 */
import type { Socket } from "../../host/sockets/index.ts";
import type { Buffers } from "../relay/buffers.ts";
import { Inlet } from "../relay/inlet.ts";
import { FLAG, frame, headersFrames, SETTINGS_ACK, TYPE } from "./frames.ts";
import { encodeFields } from "./hpack/encoder.ts";
import type { HeaderField } from "./hpack/static-table.ts";
import { CODE, Http2Error } from "./http2-error.ts";
import { Outlet } from "./outlet.ts";

/** Pings that may wait for the app's answer; nobody sends more than a few. */
const MAX_PINGS = 1000;

export class DirectLine {
  readonly socket: Socket;
  readonly inlet: Inlet;
  readonly outlet: Outlet;
  alive = true;
  /** The app has sent GOAWAY: no new stream goes there. */
  leaving = false;
  /** Pings of the app that daprd has not answered. */
  pingsOfApp = 0;
  /** SETTINGS of daprd that the app has not acknowledged. */
  unacknowledged = 0;
  #inSync = true;
  #emptied = false;
  #pings: Uint8Array[] = [];

  constructor(socket: Socket, buffers: Buffers) {
    this.socket = socket;
    this.inlet = new Inlet(socket, buffers);
    this.outlet = new Outlet(socket);
  }

  /** Whether the app's header table is daprd's: it has seen every block that changed it. */
  get inSync(): boolean {
    return this.#inSync;
  }

  /**
   * A block that changes the table did not go over the line. From now on, for the life of the connection, those that do
   * are written anew without the table: daprd's later blocks may refer to what the app has not seen, and nothing tells
   * daprd to start again.
   */
  outOfSync(): void {
    this.#inSync = false;
  }

  /** Sends a block that can't go as it came. */
  headers(id: number, fields: readonly HeaderField[], endStream: boolean): void {
    void this.outlet.write(headersFrames(id, encodeFields(fields, !this.#emptied), endStream));
    this.#emptied = true;
  }

  pinged(payload: Uint8Array): void {
    if (this.#pings.length >= MAX_PINGS) throw new Http2Error(CODE.ENHANCE_YOUR_CALM, "Cannot keep up with pings");
    this.#pings.push(payload.slice());
  }

  pingAnswered(): void {
    this.#pings.shift();
  }

  /** What the app owes daprd, for DAPS to answer in its place. */
  takeOwed(): Uint8Array[] {
    const acks = Array.from({ length: this.unacknowledged }, () => SETTINGS_ACK);
    const pongs = this.#pings.splice(0).map((payload) => frame(TYPE.PING, FLAG.ACK, 0, payload));
    this.unacknowledged = 0;
    return [...acks, ...pongs];
  }
}
