/**
 * Which messages are published when.
 *
 * @module
 */
import { seeded } from "./random.ts";

export interface Message {
  readonly id: string;
  /** How long the worker works on it. */
  readonly workMs: number;
  /** When it is published, counted from the start. */
  readonly atMs: number;
  /** The worker's process dies of it. */
  readonly poison?: boolean;
  /** While the worker works on it, it says of its health that it is ill. */
  readonly ill?: boolean;
}

export interface ScheduleOptions {
  readonly messages: number;
  readonly perSecond: number;
  /** Work takes from `min` up to `max` ms, evenly spread. */
  readonly workMs: { readonly min: number; readonly max: number };
  readonly seed: number;
}

/** The same messages for the same options. Ids sort in the order of publishing and tell the seed. */
export function schedule({ messages, perSecond, workMs, seed }: ScheduleOptions): Message[] {
  const random = seeded(seed);
  const digits = String(messages).length;
  return Array.from({ length: messages }, (_, index) => ({
    id: `${seed}-${String(index + 1).padStart(digits, "0")}`,
    workMs: Math.round(workMs.min + random() * (workMs.max - workMs.min)),
    atMs: Math.round(index * 1000 / perSecond),
  }));
}
