/**
 * What the demo does when.
 *
 * @module
 */
import { type Message, schedule } from "../proof/index.ts";

export interface CourseOptions {
  readonly messages: number;
  readonly seed: number;
  /** One rolling restart, early, with messages few enough at once to be told apart in a picture. */
  readonly record: boolean;
}

export interface Course {
  readonly messages: readonly Message[];
  /** When each rolling restart is asked for, in ms from the first message on; one waits for the end of the other. */
  readonly restartsMs: readonly number[];
}

const PER_SECOND = 3;
const WORK_MS = { min: 2_000, max: 8_000 };
const RESTARTS = 4;
const RECORDED = { perSecond: 2, restartMs: 2_000 };

export function course({ messages, seed, record }: CourseOptions): Course {
  if (record) {
    const { perSecond, restartMs } = RECORDED;
    return { messages: schedule({ messages, perSecond, workMs: WORK_MS, seed }), restartsMs: [restartMs] };
  }
  // Spread over the time of publishing, with time for the last one too.
  const wholeMs = messages * 1000 / PER_SECOND;
  return {
    messages: schedule({ messages, perSecond: PER_SECOND, workMs: WORK_MS, seed }),
    restartsMs: Array.from({ length: RESTARTS }, (_, index) => Math.round(wholeMs * (index + 0.4) / RESTARTS)),
  };
}
