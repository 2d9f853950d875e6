import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Account, account, flawless, lostMessages, unexplainedRepeats } from "../../scripts/lib/proof/account.ts";
import type { Happening, WorkerEvent } from "../../scripts/lib/worker/worker.ts";

function told(happenings: readonly Happening[]): WorkerEvent[] {
  return happenings.map((happening, sequence) => ({
    pod: "pod",
    instance: "one",
    sequence,
    at: sequence,
    ...happening,
  }));
}

const begun = (message: string, attempt: string) => ({ kind: "begun", message, attempt }) as const;
const completed = (message: string, attempt: string) => ({ kind: "completed", message, attempt }) as const;
const perfect = { lost: 0, cutOff: 0, repeated: 0, early: 0 };

describe("account()", () => {
  test("finds nothing amiss when each message was completed once", () => {
    const events = told([begun("a", "1"), begun("b", "2"), completed("b", "2"), completed("a", "1")]);
    expect(account(["a", "b"], events)).toEqual({ published: 2, ...perfect });
  });

  test("counts a message that nobody completed as lost", () => {
    const events = told([begun("a", "1"), completed("a", "1"), { kind: "refused", message: "b", status: 503 }]);
    expect(account(["a", "b", "c"], events)).toEqual({ published: 3, ...perfect, lost: 2 });
    expect(lostMessages(["a", "b", "c"], events)).toEqual(["b", "c"]);
  });

  test("counts an attempt that did not complete as cut off, also if a later one did", () => {
    const events = told([begun("a", "1"), begun("a", "2"), completed("a", "2")]);
    expect(account(["a"], events)).toEqual({ published: 1, ...perfect, cutOff: 1 });
  });

  test("counts completions beyond the first as repeated", () => {
    const attempts = ["1", "2", "3"].flatMap((attempt) => [begun("a", attempt), completed("a", attempt)]);
    expect(account(["a"], told(attempts))).toEqual({ published: 1, ...perfect, repeated: 2 });
  });

  test("counts each early request", () => {
    const early = { kind: "early", method: "GET", path: "/dapr/subscribe" } as const;
    expect(account([], told([early, early]))).toEqual({ published: 0, ...perfect, early: 2 });
  });

  test("leaves out messages of another run", () => {
    const events = told([begun("a", "1"), completed("a", "1"), begun("old", "2")]);
    expect(account(["a"], events)).toEqual({ published: 1, ...perfect });
  });

  test("refuses ids that are not unique", () => {
    expect(() => account(["a", "b", "a"], [])).toThrow("each must have an id of its own: received a twice");
  });

  test("adds up whatever happened, in whatever order it was told", () => {
    const attempt = fc.record({ message: fc.integer({ min: 0, max: 20 }), completes: fc.boolean() });
    fc.assert(fc.property(fc.array(attempt), fc.integer({ min: 1, max: 20 }), fc.infiniteStream(fc.nat()), (
      attempts,
      messages,
      order,
    ) => {
      const published = Array.from({ length: messages }, (_, index) => `m${index}`);
      const happenings = attempts.flatMap(({ message, completes }, index) => [
        begun(`m${message}`, String(index)),
        ...completes ? [completed(`m${message}`, String(index))] : [],
      ]);
      const inOrder = account(published, told(happenings));
      const shuffled = told(happenings).map((event) => ({ event, key: order.next().value ?? 0 }))
        .sort((one, other) => one.key - other.key).map(({ event }) => event);
      expect(account(published, shuffled)).toEqual(inOrder);

      const mine = attempts.filter(({ message }) => message < messages);
      const completions = mine.filter(({ completes }) => completes).length;
      expect(inOrder.cutOff).toBe(mine.length - completions);
      expect(completions).toBe(messages - inOrder.lost + inOrder.repeated);
      expect(inOrder.lost).toBe(lostMessages(published, told(happenings)).length);
    }));
  });
});

test("flawless() wants messages and no count but theirs", () => {
  const good: Account = { published: 1, ...perfect };
  expect(flawless(good)).toBe(true);
  expect(flawless({ ...good, published: 0 })).toBe(false);
  for (const key of ["lost", "cutOff", "repeated", "early"] as const) {
    expect(flawless({ ...good, [key]: 1 })).toBe(false);
  }
});

describe("unexplainedRepeats()", () => {
  const once = (attempt: string) => [begun("a", attempt), completed("a", attempt)];
  // Each event is at the time of its place.
  const twice = told([...once("1"), ...once("2")]);

  test("finds none where what was begun before the broker went was done once more", () => {
    expect(unexplainedRepeats(twice, 0.5)).toEqual([]);
    expect(unexplainedRepeats(twice, 1.5), "also where it was done by then").toEqual([]);
    expect(unexplainedRepeats(told(once("1")), -1)).toEqual([]);
  });

  test("finds a message that was first begun after it, and says when", () => {
    expect(unexplainedRepeats(twice, -10)).toEqual(["a: begun at 10, 12, completed at 11, 13"]);
  });

  test("finds a message that was done three times", () => {
    const events = told([...once("1"), ...once("2"), ...once("3")]);
    expect(unexplainedRepeats(events, 1.5)).toHaveLength(1);
  });
});
