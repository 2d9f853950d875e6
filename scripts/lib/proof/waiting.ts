/**
 * Waiting for something that is watched, never longer than said, and telling what was seen instead.
 *
 * @module
 */

export interface UntilOptions {
  /** What is waited for, in words, for the error's sake. */
  readonly what: string;
  readonly timeoutMs: number;
}

/** Undefined, null and false: not yet. */
export type Found<T> = T | undefined | null | false;

/** Those who wait for a change of something. */
export class Waiting {
  readonly #looks = new Set<() => void>();

  /** To be called after each change. */
  notify(): void {
    this.#looks.forEach((look) => look());
  }

  /**
   * Asks `find` now and at each change.
   *
   * @param seen says, at the end of the time, what there was instead
   * @returns the first thing that was found
   * @throws {Error} after `timeoutMs`, saying what was waited for and what was seen; and whatever `find` throws
   */
  until<T>(find: () => Found<T>, seen: () => string, { what, timeoutMs }: UntilOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        clearTimeout(timer);
        this.#looks.delete(look);
        action();
      };
      const look = () => {
        try {
          const found = find();
          if (isFound(found)) settle(() => resolve(found));
        } catch (error) {
          settle(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      };
      const timer = setTimeout(() => settle(() => reject(inVain(what, timeoutMs, seen()))), timeoutMs);
      this.#looks.add(look);
      look();
    });
  }
}

const POLL_MS = 50;

/**
 * Waits for what can't be watched by asking again and again.
 *
 * @param find is asked anew once it has answered
 * @throws {Error} after `timeoutMs`, saying what was waited for and what was seen last; and whatever `find` throws
 */
export async function polled<T>(
  find: () => Promise<Found<T>>,
  seen: () => string,
  { what, timeoutMs }: UntilOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  while (true) {
    const found = await find();
    if (isFound(found)) return found;
    if (performance.now() > deadline) throw inVain(what, timeoutMs, seen());
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function isFound<T>(found: Found<T>): found is T {
  return found !== undefined && found !== null && found !== false;
}

function inVain(what: string, timeoutMs: number, seen: string): Error {
  return new Error(`Waited ${timeoutMs / 1000}s in vain for ${what}: ${seen}`);
}
