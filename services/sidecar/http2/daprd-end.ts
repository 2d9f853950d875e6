/**
 * daprd's end of a connection: what is written to it, and the flow control of the connection as daprd sees it.
 *
 * What daprd may send is what the app has granted over the direct line. DAPS gives back what it keeps itself, so that
 * streams that are kept back don't use up what the others live on. What daprd takes is used up by the direct line,
 * whose app knows, and by detours, whose app does not: that is a *debt*, paid with what daprd grants next.
 * @module
 */
import type { Socket } from "../../host/sockets/index.ts";
import {
  DEFAULT_WINDOW,
  frame,
  goAway,
  headersFrames,
  MAX_STREAM_ID,
  rstStream,
  SETTING,
  settings,
  TYPE,
  windowUpdate,
} from "./frames.ts";
import { encodeFields } from "./hpack/encoder.ts";
import type { HeaderField } from "./hpack/static-table.ts";
import { CODE } from "./http2-error.ts";
import { Outlet } from "./outlet.ts";
import { Signal } from "./signal.ts";

/** How many streams daprd may open before the app says how many it takes: what every server should (RFC 9113 §6.5.2). */
const FIRST_STREAMS = 100;
/** As many as there are ids. */
const ANY_STREAMS = 2 ** 32 - 1;

export class DaprdEnd {
  readonly outlet: Outlet;
  /** Fired when `window` has grown. */
  readonly windowGrew: Signal = new Signal();
  /** What daprd takes, in bytes of DATA over the connection. */
  window: number = DEFAULT_WINDOW;
  /** How much of that the app at the direct line counts as its own, wrongly. */
  debt = 0;
  /** The initial window of a stream that daprd was told, in bytes. */
  initialWindow: number = DEFAULT_WINDOW;
  /** For each SETTINGS that daprd has not acknowledged yet, whether it came over the direct line. */
  readonly acks: boolean[] = [];
  /** Whether daprd's header table may be emptied: there is no direct line whose blocks refer to it. */
  ownsTable = false;
  #believed: number = DEFAULT_WINDOW;
  #credit = 0;
  #retired = false;

  constructor(socket: Socket) {
    this.outlet = new Outlet(socket);
  }

  /** Introduces DAPS as the server, before anything else (RFC 9113 §3.4); the app's settings follow when they come. */
  greet(): void {
    void this.outlet.write(this.#limit(FIRST_STREAMS));
  }

  /** What daprd is told where no app limits its streams; to be sent next, as its acknowledgement is awaited. */
  unlimit(): Uint8Array {
    return this.#limit(ANY_STREAMS);
  }

  /** No app says anything over a direct line. */
  standAlone(): void {
    this.ownsTable = true;
    void this.outlet.write(this.unlimit());
  }

  #limit(streams: number): Uint8Array {
    this.acks.push(false);
    return settings(new Map([[SETTING.MAX_STREAMS, streams]]));
  }

  /** daprd has sent so much DATA. */
  received(bytes: number): void {
    this.#believed -= bytes;
  }

  /** The app has granted so much more over the direct line. */
  granted(bytes: number): void {
    this.#believed += bytes;
  }

  /** Gives back so much of the connection's window with the next `flushCredit`. */
  giveBack(bytes: number): void {
    this.#credit += bytes;
  }

  flushCredit(): void {
    if (this.#credit === 0) return;
    void this.outlet.write(windowUpdate(0, this.#credit));
    this.#believed += this.#credit;
    this.#credit = 0;
  }

  /** Nobody at a direct line grants anything any more. */
  restoreWindow(): void {
    this.giveBack(Math.max(0, DEFAULT_WINDOW - this.#believed - this.#credit));
    this.flushCredit();
  }

  /** daprd grants so much more. @returns how much of it the direct line gets */
  grows(bytes: number): number {
    this.window += bytes;
    const paid = Math.min(this.debt, bytes);
    this.debt -= paid;
    this.windowGrew.fire();
    return bytes - paid;
  }

  headers(id: number, fields: readonly HeaderField[], endStream: boolean): void {
    void this.outlet.write(headersFrames(id, encodeFields(fields, this.ownsTable), endStream));
    this.ownsTable = false;
  }

  /** Sends DATA of a detour; to be called when `window` has room for it. */
  async data(id: number, flags: number, payload: Uint8Array, indebted: boolean): Promise<void> {
    this.window -= payload.length;
    if (indebted) this.debt += payload.length;
    await this.outlet.write(frame(TYPE.DATA, flags, id, payload));
  }

  grantStream(id: number, bytes: number): void {
    void this.outlet.write(windowUpdate(id, bytes));
  }

  reset(id: number, code: number): void {
    void this.outlet.write(rstStream(id, code));
  }

  /** Asks daprd to open its next streams on another connection. Those that it has opened, or is opening, go on. */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    void this.outlet.write(goAway(MAX_STREAM_ID, CODE.NO_ERROR));
  }

  /** A GOAWAY of the app went to daprd. */
  wasRetired(): void {
    this.#retired = true;
  }

  /** Whether daprd has been told to go elsewhere with its next streams. */
  get retired(): boolean {
    return this.#retired;
  }

  /** Which settings daprd was told by the app at the direct line. */
  told(id: number, value: number): void {
    if (id === SETTING.INITIAL_WINDOW) this.initialWindow = value;
  }
}
