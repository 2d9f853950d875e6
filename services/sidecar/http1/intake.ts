/**
 * Reads the rest of a request whose head and first bytes are known: on to the app, or into memory while it is parked.
 *
 * daprd's leaving shows only behind the bytes that it sent before. So the body of a parked request is read on as far as
 * the budget goes; behind a larger one the end is not seen until the request goes on or is given up.
 * @module
 */
import { writeAll } from "../../host/sockets/index.ts";
import type { Inlet } from "../relay/inlet.ts";
import type { Body } from "./body.ts";
import { FramingError } from "./framing-error.ts";
import type { HeldRequest } from "./held-request.ts";

export class Intake {
  /** Why the body can't be read on; null if it can. */
  malformed: FramingError | null = null;
  /** Called when `malformed` is set. */
  onMalformed: () => void = () => {};
  #inlet: Inlet;
  #body: Body;
  #request: HeldRequest;
  #running: Promise<void> | null = null;
  #resume: (() => void) | null = null;

  constructor(inlet: Inlet, body: Body, request: HeldRequest) {
    this.#inlet = inlet;
    this.#body = body;
    this.#request = request;
  }

  /** Whether all of the request has been read and passed on: its last write may end after its answer. */
  get done(): boolean {
    return this.#request.complete && this.#running === null;
  }

  /** Starts, or goes on after there is a target or room again. @returns when there is nothing more to read */
  run(): Promise<void> {
    this.#resume?.();
    return this.#running ??= this.#read().finally(() => {
      this.#running = null;
    });
  }

  async #read(): Promise<void> {
    const inlet = this.#inlet;
    const request = this.#request;
    while (!request.complete) {
      while (!request.target && !request.hasRoom) {
        await new Promise<void>((resolve) => {
          this.#resume = resolve;
        });
        this.#resume = null;
      }
      if (inlet.at === inlet.end && !await inlet.fill()) return;
      const start = inlet.at;
      try {
        inlet.at = this.#body.take(inlet.bytes, start, inlet.end);
      } catch (error) {
        if (!(error instanceof FramingError)) throw error;
        this.malformed = error;
        this.onMalformed();
        return;
      }
      request.complete = this.#body.done;
      request.append(inlet.bytes, start, inlet.at);
      if (!request.whole) inlet.unpin();
      await this.#passOn(inlet.bytes.subarray(start, inlet.at));
    }
    inlet.watch();
  }

  async #passOn(bytes: Uint8Array): Promise<void> {
    const { target } = this.#request;
    if (!target) return;
    try {
      await writeAll(target, bytes);
    } catch {
      // The answer, or its absence, tells what this means.
      if (this.#request.target === target) this.#request.target = null;
    }
  }
}
