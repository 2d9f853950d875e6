import { describe, expect, test } from "vitest";
import { course } from "../../scripts/lib/demo/course.ts";

describe("the demo's course", () => {
  test("has four rolling restarts, spread over the time of publishing", () => {
    const { messages, restartsMs } = course({ messages: 270, seed: 1, record: false });
    expect(messages).toHaveLength(270);
    expect(messages[3]?.atMs).toBe(1_000);
    expect(restartsMs).toEqual([9_000, 31_500, 54_000, 76_500]);
  });

  test("has one, early, when it is recorded, and the same messages more slowly", () => {
    const recorded = course({ messages: 24, seed: 1, record: true });
    const { messages } = course({ messages: 24, seed: 1, record: false });
    expect(recorded.restartsMs).toEqual([2_000]);
    expect(recorded.messages.map(({ id, workMs }) => [id, workMs])).toEqual(
      messages.map(({ id, workMs }) => [id, workMs]),
    );
    expect(recorded.messages.at(-1)?.atMs).toBe(11_500);
  });
});
