/**
 * Structured log: one JSON object a line, with `time` (RFC 3339), `level`, `msg` and the fields given.
 *
 * Our own few lines, because a logging library asks Deno for permissions that the sidecar does not have and for memory
 * that every pod would pay.
 * @module
 */
import type { Clock } from "./clock.ts";

/** From the least to the most important. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** An Error among the values is written as its message. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(msg: string, fields?: LogFields): void;
  info(msg: string, fields?: LogFields): void;
  warn(msg: string, fields?: LogFields): void;
  error(msg: string, fields?: LogFields): void;
  /** A log that adds `fields` to each of its lines. */
  with(fields: LogFields): Log;
}

export type LogOptions = {
  /** Lines below this level are not written. */
  readonly level: LogLevel;
  /** Receives one line, its newline included. */
  readonly write: (line: string) => void;
  readonly clock: Pick<Clock, "wall">;
  readonly fields?: LogFields;
};

export function createLog(options: LogOptions): Log {
  const least = LOG_LEVELS.indexOf(options.level);
  const at = (level: LogLevel) => {
    if (LOG_LEVELS.indexOf(level) < least) return () => {};
    return (msg: string, fields?: LogFields): void => {
      const line = { time: options.clock.wall().toISOString(), level, msg, ...options.fields, ...fields };
      options.write(`${stringify(line)}\n`);
    };
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => createLog({ ...options, fields: { ...options.fields, ...fields } }),
  };
}

/** What went wrong, in words; anything may be thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stringify(line: Record<string, unknown>): string {
  try {
    return JSON.stringify(line, replaceUnprintable);
  } catch (error) {
    // A field that JSON can't hold (a cycle, a throwing getter) must not take the line, or its writer, with it.
    return JSON.stringify({
      time: line["time"],
      level: line["level"],
      msg: line["msg"],
      logError: errorMessage(error),
    });
  }
}

function replaceUnprintable(_key: string, value: unknown): unknown {
  if (value instanceof Error) return errorMessage(value);
  return typeof value === "bigint" ? value.toString() : value;
}
