/**
 * Where in a picture things are.
 *
 * @module
 */

/** Where a moment is, in px. */
export type Scale = (ms: number) => number;

/** Where lanes begin and end, in px. */
export interface Frame {
  readonly left: number;
  readonly right: number;
}
