/**
 * Collects, while rules are tried, when time alone makes one of them true.
 * @module
 */

/** Whether a time is reached; and if not, when to look again. */
export class Due {
  next: number | null = null;
  readonly #now: number;
  constructor(now: number) {
    this.#now = now;
  }
  reached(time: number): boolean {
    if (this.#now >= time) return true;
    if (this.next === null || time < this.next) this.next = time;
    return false;
  }
}
