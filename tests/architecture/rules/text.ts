/**
 * What no file may hold, and how long it may be.
 * @module
 */
import type { Source, Violation } from "./source.ts";

/** A file has one reason to exist, and then it is not longer. */
export const LINE_CEILING = 350;

export function lines({ text }: Source): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

export function lengthViolations(source: Source): Violation[] {
  const count = lines(source);
  return count > LINE_CEILING ? [`${source.path}: has ${count} lines, more than ${LINE_CEILING}`] : [];
}

/** The middle one of the lengths. */
export function median(lengths: readonly number[]): number {
  return lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0;
}

const FORBIDDEN: readonly { pattern: RegExp; why: string }[] = [
  { pattern: /(?<![\w.$/-])\/(?:root|home\/\w+|Users\/\w+|work)\/[\w.-]/, why: "a path of one machine" },
  {
    pattern: /\b(?:registry\.npmjs\.org|registry\.yarnpkg\.com|proxy\.golang\.org|(?:deb|snapshot)\.debian\.org)\b/,
    why: "the host of a package registry: which one is used is the machine's business",
  },
  {
    pattern: /\b(?:https?|amqps?):\/\/[\w.-]+:[\w.-]+@(?![\w.-]*example\b)[a-z0-9]/i,
    why: "an address with credentials",
  },
];

/** Paths of one machine, registries and credentials. */
export function placeViolations({ path, text }: Source): Violation[] {
  return FORBIDDEN.flatMap(({ pattern, why }) => {
    const found = pattern.exec(text);
    return found === null ? [] : [`${path}: holds ${JSON.stringify(found[0])}: ${why}`];
  });
}

/** Download addresses in npm's lock file, which bind the checkout to one registry. */
export function lockViolations(lock: { packages: Record<string, { resolved?: string }> }): Violation[] {
  return Object.entries(lock.packages).flatMap(([name, { resolved }]) =>
    resolved === undefined || !/^https?:/.test(resolved) ? [] : [`package-lock.json: ${name} names ${resolved}`]
  );
}

/** Keys under `daps.io/` that are not known, anywhere in a text. */
export function keyViolations({ path, text }: Source, known: ReadonlySet<string>): Violation[] {
  const found = new Set(
    [...text.matchAll(/\bdaps\.io\/([a-z](?:[a-z-]*[a-z])?)(?![\w/-])/g)].map(([, key]) => key ?? ""),
  );
  return [...found].filter((key) => !known.has(key)).map((key) => `${path}: daps.io/${key} is no key of DAPS`);
}
