/** Something that several may wait for. @module */

export class Signal {
  #waiting: (() => void)[] = [];

  /** Resolves at the next `fire`. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get awaited(): boolean {
    return this.#waiting.length > 0;
  }

  fire(): void {
    if (this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
