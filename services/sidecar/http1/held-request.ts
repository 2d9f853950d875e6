/**
 * The bytes of one request: views of what was read, kept as long as the request might have to be sent (again).
 * @module
 */
import type { Socket } from "../../host/sockets/index.ts";
import type { Budget } from "../relay/budget.ts";

type Part = { readonly bytes: Uint8Array; readonly start: number; end: number };

/** Reused from request to request: `begin`, then `append` as bytes come, `sendTo` for each attempt. */
export class HeldRequest {
  /** All bytes of the request have come. */
  complete = false;
  /** All bytes since its first one are still here, so that it can be sent whole. */
  whole = true;
  /** Where bytes go as they come; null while the request is parked or being sent again from its start. */
  target: Socket | null = null;
  /** Whether it is to be kept after it was sent. */
  #keep = false;
  #discard = false;
  #parts: Part[] = [];
  #size = 0;
  #taken = 0;
  #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** @param keep whether it might be sent again: else its bytes are let go as soon as they are sent */
  begin(keep: boolean): void {
    this.complete = false;
    this.whole = true;
    this.target = null;
    this.#keep = keep;
    this.#discard = false;
  }

  /** Whether another read's bytes would still be kept. Without a target, and no room: stop reading. */
  get hasRoom(): boolean {
    return this.#discard || this.#size < this.#budget.perRequestBytes;
  }

  /** Takes note of bytes that came. The first ones count for nothing: they are in the connection's read buffer. */
  append(bytes: Uint8Array, start: number, end: number): void {
    if (this.#discard || !this.whole) return;
    const last = this.#parts.at(-1);
    if (last) {
      const count = end - start;
      this.#size += count;
      if (this.#budget.take(count)) this.#taken += count;
      else if (this.target) return this.#letGo();
      else this.#size = Infinity;
      if (this.#size > this.#budget.perRequestBytes && this.target) return this.#letGo();
    }
    if (last && last.bytes === bytes && last.end === start) last.end = end;
    else this.#parts.push({ bytes, start, end });
  }

  /**
   * Sends everything that is here, also what is appended meanwhile; then `target` is `socket`.
   *
   * @param sent bytes of the beginning that have been sent
   * @throws as `Socket.write`
   */
  async sendTo(socket: Socket, sent = 0): Promise<void> {
    this.target = null;
    const parts = this.#parts;
    for (let i = 0; i < parts.length;) {
      const part = parts[i]!;
      sent += await socket.write(part.bytes, part.start + sent, part.end);
      if (part.start + sent === part.end) {
        i++;
        sent = 0;
      }
    }
    if (parts !== this.#parts) return; // Let go of meanwhile.
    // In the same step as the last look at the parts: nothing can come between that neither loop would send.
    this.sentTo(socket);
  }

  /** Everything that is here was sent. */
  sentTo(socket: Socket): void {
    this.target = socket;
    if (!this.#keep) this.#letGo();
  }

  /** What it holds is not needed: nothing will be sent (again). */
  discard(): void {
    this.#discard = true;
    this.#letGo();
  }

  /** It is over. */
  end(): void {
    this.target = null;
    this.#letGo();
  }

  #letGo(): void {
    this.whole = false;
    if (this.#parts.length > 0) this.#parts = [];
    this.#size = 0;
    if (this.#taken > 0) {
      this.#budget.giveBack(this.#taken);
      this.#taken = 0;
    }
  }
}
