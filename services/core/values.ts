/**
 * The types a setting can have: how its text is read, and what is accepted.
 * @module
 */
import { formatDuration, parseDuration } from "./duration.ts";
import { formatBytes, parseQuantity } from "./quantity.ts";

/** How a setting's text becomes a value. */
export type ValueType<T> = {
  /** As the reference names it. */
  readonly name: string;
  /** What is accepted, for people: completes "accepted is …". */
  readonly accepts: string;
  /** The value, or undefined if `text` is not of this type. */
  parse(text: string): T | undefined;
  /** As one would write it. */
  format(value: T): string;
};

const TRUE = new Set(["y", "yes", "true", "t", "on", "1"]);
const FALSE = new Set(["n", "no", "false", "f", "off", "0"]);

function matching(name: string, accepts: string, pattern: RegExp): ValueType<string> {
  return { name, accepts, parse: (text) => pattern.test(text) ? text : undefined, format: (value) => value };
}

/**
 * A truth value, true in the forms that Dapr reads as true (`github.com/dapr/kit/utils.IsTruthy`); unlike there, what
 * is neither is named instead of taken for false.
 */
export const truth: ValueType<boolean> = {
  name: "truth value",
  accepts: "one of y, yes, true, t, on, 1, n, no, false, f, off, 0",
  parse(text) {
    const word = text.trim().toLowerCase();
    return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
  },
  format: String,
};

/** Milliseconds, written as a Go duration. */
export function duration(least: number, most = 24 * 3_600_000): ValueType<number> {
  return {
    name: "duration",
    accepts: `a duration such as 250ms or 1m30s, from ${formatDuration(least)} to ${formatDuration(most)}`,
    parse(text) {
      const ms = parseDuration(text.trim());
      return ms !== undefined && ms >= least && ms <= most ? ms : undefined;
    },
    format: formatDuration,
  };
}

export function integer(least: number, most: number): ValueType<number> {
  return {
    name: "integer",
    accepts: `a whole number from ${least} to ${most}`,
    parse(text) {
      const value = /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most ? value : undefined;
    },
    format: String,
  };
}

export function oneOf<const T extends string>(...words: readonly T[]): ValueType<T> {
  return {
    name: "word",
    accepts: `one of ${words.join(", ")}`,
    parse: (text) => words.find((word) => word === text.trim().toLowerCase()),
    format: (value) => value,
  };
}

/** An absolute path with an optional query, in the characters that a request line may hold. */
export const httpPath: ValueType<string> = matching(
  "path",
  "an HTTP path that begins with / and has no spaces",
  /^\/[\x21-\x22\x24-\x7e]{0,1023}$/,
);

/** A container's name (RFC 1123 label). */
export const containerName: ValueType<string> = matching(
  "name",
  "the name of a container of the pod",
  /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/,
);

export const image: ValueType<string> = matching("image", "an image reference without spaces", /^[^\s]{1,512}$/);

/** A Kubernetes quantity, in the forms that people write for CPU and memory. */
export const quantity: ValueType<string> = matching(
  "quantity",
  "a Kubernetes quantity such as 10m, 0.5 or 64Mi",
  /^\d{1,12}(?:\.\d{1,9})?(?:m|k|Ki|M|Mi|G|Gi)?$/,
);

/** Bytes, written as a Kubernetes quantity. */
export function bytes(least: number, most: number): ValueType<number> {
  return {
    name: "quantity",
    accepts: `a Kubernetes quantity such as 512Ki or 4Mi, from ${formatBytes(least)} to ${formatBytes(most)}`,
    parse(text) {
      const value = parseQuantity(text.trim());
      return value !== undefined && Number.isInteger(value) && value >= least && value <= most ? value : undefined;
    },
    format: formatBytes,
  };
}
