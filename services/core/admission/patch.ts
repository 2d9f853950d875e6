/**
 * The JSON Patch (RFC 6902) that turns one document into another.
 * @module
 */
import { createPatch, type Operation } from "rfc6902";

export type { Operation };

/** Empty if the two are equal. */
export function patchBetween(from: unknown, to: unknown): Operation[] {
  return createPatch(from, to);
}
