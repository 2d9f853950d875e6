/**
 * Says on standard error what is going on: one line that changes on a terminal, a line now and then elsewhere.
 *
 * @module
 */
import process from "node:process";
import { elapsed } from "../toolchain/index.ts";

const TICK_MS = 1_000;
const TICK_PLAIN_MS = 10_000;

export class Ticker {
  readonly #start = performance.now();
  #phase = "";
  #state: () => string = () => "";

  /** Begins to repeat what `state` says, until the result is disposed. */
  start(state: () => string): Disposable {
    this.#state = state;
    const timer = setInterval(() => this.#say(), process.stderr.isTTY ? TICK_MS : TICK_PLAIN_MS);
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
        this.#say();
        if (process.stderr.isTTY) process.stderr.write("\n");
      },
    };
  }

  phase(phase: string): void {
    this.#phase = phase;
    this.#say();
  }

  #say(): void {
    const line = [elapsed(this.#start), this.#phase, this.#state()].filter((part) => part !== "").join("  ");
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line.slice(0, process.stderr.columns - 1)}` : `${line}\n`);
  }
}
