/** A clock that a test moves. @module */
import type { Clock } from "../../services/host/clock.ts";

/** Begins at 0. */
export class Time implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];
  now = () => this.#now;
  wall = () => new Date(this.#now);
  after = (ms: number, callback: () => void) => {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
  };
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await settled();
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers = this.#timers.filter((other) => other !== next);
      next.callback();
    }
    this.#now = until;
    await settled();
  }
}

/** Promises that are ready go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
