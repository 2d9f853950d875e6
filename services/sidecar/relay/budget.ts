/** How much of requests may be kept in memory. @module */

export const DEFAULT_HOLD_LIMITS = { perRequestBytes: 4 * 1024 * 1024, totalBytes: 32 * 1024 * 1024 };

export class Budget {
  readonly perRequestBytes: number;
  #left: number;

  constructor(limits: { readonly perRequestBytes: number; readonly totalBytes: number }) {
    this.perRequestBytes = limits.perRequestBytes;
    this.#left = limits.totalBytes;
  }

  /** @returns whether there was so much left; it is to be given back */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}
