/**
 * What a part of the tests comes to.
 * @module
 */

export interface Failure {
  /** The test, with the blocks that it stands in. */
  test: string;
  /** Relative to the top of the checkout; absent where a whole command failed. */
  file?: string;
  /** The first line of what went wrong. */
  reason: string;
}

export interface Outcome {
  /** The part, and on what it ran: `unit (Deno)`. */
  label: string;
  passed: number;
  failures: Failure[];
  ms: number;
}

/** A part that could not be run, or that broke before it could count. */
export function broken(label: string, reason: string, ms = 0): Outcome {
  return { label, passed: 0, failures: [{ test: label, reason }], ms };
}

export function totals(outcomes: readonly Outcome[]): { passed: number; failed: number } {
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failed: outcomes.reduce((sum, { failures }) => sum + failures.length, 0),
  };
}

/** Nothing failed, and something was tested. */
export function succeeded(outcomes: readonly Outcome[]): boolean {
  const { passed, failed } = totals(outcomes);
  return failed === 0 && passed > 0;
}
