/**
 * The JSON Patch (RFC 6902) that turns one document into another.
 * @module
 */
import { createPatch, type Operation } from "rfc6902";

export type { Operation };

/**
 * Empty if the two are equal.
 *
 * Lists are compared item by item from both ends, where the library would look for the cheapest of all ways: that one
 * rewrites a container into its neighbour, takes quadratic time, and runs out of stack with some thousands of items.
 */
export function patchBetween(from: unknown, to: unknown): Operation[] {
  return createPatch(
    from,
    to,
    (input, output, path) =>
      Array.isArray(input) && Array.isArray(output) ? listPatch(input, output, path.toString()) : undefined,
  );
}

function listPatch(from: readonly unknown[], to: readonly unknown[], path: string): Operation[] {
  const change = (item: unknown, index: number): Operation[] =>
    isEqual(item, to[index])
      ? []
      : patchBetween(item, to[index]).map((operation) => moved(operation, `${path}/${index}`));
  const least = Math.min(from.length, to.length);
  let head = 0;
  while (head < least && isSame(from[head], to[head])) head++;
  let tail = 0;
  while (tail < least - head && isSame(from[from.length - 1 - tail], to[to.length - 1 - tail])) tail++;

  const operations: Operation[] = [];
  const [fromEnd, toEnd] = [from.length - tail, to.length - tail];
  const both = Math.min(fromEnd, toEnd);
  for (let index = 0; index < both; index++) operations.push(...change(from[index], index));
  for (let index = fromEnd - 1; index >= both; index--) operations.push({ op: "remove", path: `${path}/${index}` });
  for (let index = both; index < toEnd; index++) {
    operations.push({ op: "add", path: `${path}/${tail === 0 ? "-" : index}`, value: to[index] });
  }
  for (let index = toEnd; index < to.length; index++) {
    operations.push(...change(from[index - toEnd + fromEnd], index));
  }
  return operations;
}

/** Whether two items are one and the same, if perhaps changed: containers, volumes and the like have names. */
function isSame(from: unknown, to: unknown): boolean {
  const name = nameOf(from);
  return name === undefined ? isEqual(from, to) : name === nameOf(to);
}

// A patch that is empty would say it too, in time that doubles with every level of lists in lists.
function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), new Map<string, unknown>(Object.entries(b))];
  return left.length === right.size && left.every(([key, value]) => right.has(key) && isEqual(value, right.get(key)));
}

function nameOf(item: unknown): string | undefined {
  const name: unknown = typeof item === "object" && item !== null && "name" in item ? item.name : undefined;
  return typeof name === "string" ? name : undefined;
}

/** An operation on an item, as one on the document that holds it. */
function moved(operation: Operation, path: string): Operation {
  return { ...operation, path: path + operation.path };
}
