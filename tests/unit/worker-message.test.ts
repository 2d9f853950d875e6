import { describe, expect, it } from "vitest";
import { bulkIn, messageIn } from "../../scripts/lib/worker/message.ts";

const data = { id: "m1", workMs: 250, poison: true };
const message = { id: "m1", workMs: 250, poison: true, ill: false };
const event = { specversion: "1.0", id: "e1", data };

describe("messageIn()", () => {
  it.each([
    ["a CloudEvent", event],
    ["a binding's body", data],
    ["a raw payload, which is a CloudEvent itself", { id: "x", data_base64: btoa(JSON.stringify(event)) }],
  ])("reads %s", (_, body) => {
    expect(messageIn(JSON.stringify(body), "", 0)).toEqual(message);
  });

  it("takes a job's name where the body is empty, and the work that it was given", () => {
    expect(messageIn("", "job-1", 40)).toEqual({ id: "job-1", workMs: 40, poison: false, ill: false });
  });
});

describe("bulkIn()", () => {
  it("reads each entry with its id", () => {
    const body = { entries: [{ entryId: "a", event }, { entryId: "b", event: { id: "m2" } }] };
    expect(bulkIn(JSON.stringify(body), 10)).toEqual([
      { entryId: "a", message },
      { entryId: "b", message: { id: "m2", workMs: 10, poison: false, ill: false } },
    ]);
  });

  it("finds none in anything else", () => {
    expect(bulkIn(JSON.stringify(event), 0)).toBeUndefined();
    expect(bulkIn("", 0)).toBeUndefined();
  });
});
