/**
 * What a command touches of the outside, passed in so that it can be tried without a process.
 * @module
 */

/** The name under which standard input is read, as kubectl has it. */
export const STDIN = "-";

export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /**
   * @param file a path, or `-` for standard input
   * @throws the runtime's error when it can't be read
   */
  readonly read: (file: string) => Promise<string>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** What the `daps` process exits with. */
export const EXIT = {
  fine: 0,
  /** There is something to look at: a warning, a pod that DAPS can't serve, a sidecar that does not answer. */
  findings: 1,
  /** Wrong usage, unreadable input, a cluster that can't be asked. */
  unusable: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Something the user gave that can't be used: its message goes to standard error, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Text as pretty JSON with its newline. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
