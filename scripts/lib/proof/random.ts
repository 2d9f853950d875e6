/**
 * Randomness that can be had again.
 *
 * @module
 */

/** Gives numbers from 0 up to, not including, 1. */
export type Random = () => number;

/**
 * A generator for its seed: 32 bits of state moved on by a constant step, each state scrambled by two multiplications
 * (the finaliser of MurmurHash3). Good enough to vary a test, for nothing else.
 *
 * @param seed an integer from 0 up to 2³² − 1
 * @throws {RangeError} for any other seed
 */
export function seeded(seed: number): Random {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
    throw new RangeError(`Cannot seed a generator as the seed must be an integer of 32 bits: received ${seed}`);
  }
  let state = seed;
  return () => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000;
  };
}

/** A seed for a run that was given none. */
export function anySeed(): number {
  return Math.floor(Math.random() * 0x1_0000_0000);
}
