/** A scenario of the matrix. @module */
import type { ModeId } from "./modes.ts";

export interface Scenario {
  /** The heading that it stands under in docs/reliability.md. */
  readonly group: string;
  /** Its row there, and the name of its test. */
  readonly title: string;
  /** The test, below tests/e2e. */
  readonly test: string;
  /** Those of the default run. */
  readonly usual: readonly ModeId[];
  /** Where it can't be tried in all three. */
  readonly modes?: readonly ModeId[];
}
