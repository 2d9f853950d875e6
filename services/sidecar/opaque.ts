/**
 * A connection of daprd that is not looked into: TLS app channels. Its connection count is reported; a gRPC client keeps
 * its connection for ever, so that it says nothing about work in flight.
 * @module
 */
import { codeOf, type Socket } from "../host/sockets/index.ts";
import type { ParkReport } from "./relay/contract.ts";
import type { Connection, RelayContext } from "./relay/context.ts";
import { Inlet } from "./relay/inlet.ts";
import { splice } from "./relay/splice.ts";
import type { Waiter } from "./relay/waiting-room.ts";

/** A new connection waits while the gate holds `opaque` back; one that has begun flows until one side ends it. */
export class OpaqueConnection implements Connection {
  #context: RelayContext;
  #down: Socket;
  #inlet: Inlet;
  #up: Socket | null = null;
  #waiter: Waiter | null = null;
  #closed = false;

  /** @param onGone called once, when daprd is seen to have closed the connection, or its sending half */
  constructor(context: RelayContext, down: Socket, onGone: () => void) {
    this.#context = context;
    this.#down = down;
    this.#inlet = new Inlet(down, context.buffers);
    this.#inlet.onEnd = () => {
      onGone();
      this.#waiter?.leave();
    };
  }

  async run(): Promise<void> {
    const { options } = this.#context;
    const startedAt = options.now();
    try {
      if (!options.gate.mayPass("opaque") && !await this.#park("gate")) return this.#report("parked-closed", startedAt);
      while (!await this.#carry()) {
        if (!await this.#park("refused")) return this.#report("parked-closed", startedAt);
      }
      this.#report("finished", startedAt);
    } finally {
      this.close();
    }
  }

  abandonParked(): void {
    if (this.#waiter) void this.#discard();
  }

  close(): void {
    this.#closed = true;
    this.#waiter?.leave();
    this.#down.close();
    this.#up?.close();
  }

  /** @returns false if the app can't be reached */
  async #carry(): Promise<boolean> {
    const { sockets, app, gate, ledger, now } = this.#context.options;
    using _lease = ledger.enter("opaque");
    try {
      this.#up = await sockets.connect(app);
    } catch (error) {
      gate.appFailed({ kind: "refused", detail: codeOf(error) });
      return false;
    }
    const up = { inlet: new Inlet(this.#up, this.#context.buffers), socket: this.#up };
    await splice({ inlet: this.#inlet, socket: this.#down }, up, () => {
      this.#context.lastOpaqueByteAt = now();
    });
    return true;
  }

  async #park(why: ParkReport["why"]): Promise<boolean> {
    const { options, waitingRoom, abandoned } = this.#context;
    const inlet = this.#inlet;
    if (inlet.ended) return false;
    using _lease = options.ledger.park("opaque");
    options.onPark?.({ class: "opaque", rule: "opaque", path: "", why });
    const waiter: Waiter = { leave: () => {} };
    this.#waiter = waiter;
    if (abandoned) void this.#discard();
    else void inlet.readAhead();
    await waitingRoom.pass("opaque", waiter, why, () => !inlet.ended && !this.#closed);
    this.#waiter = null;
    inlet.stopReadingAhead();
    return !inlet.ended && !this.#closed && !this.#context.abandoned;
  }

  async #discard(): Promise<void> {
    const inlet = this.#inlet;
    do inlet.at = inlet.end; while (await inlet.fill());
  }

  #report(outcome: "finished" | "parked-closed", startedAt: number): void {
    const { onRequest, now } = this.#context.options;
    onRequest?.({ class: "opaque", rule: "opaque", outcome, ms: now() - startedAt });
  }
}
