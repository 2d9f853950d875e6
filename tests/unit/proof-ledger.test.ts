import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Ledger } from "../../scripts/lib/proof/ledger.ts";

let ledger: Ledger;

beforeEach(async () => {
  ledger = await Ledger.start({ host: "127.0.0.1" });
});

afterEach(() => ledger[Symbol.asyncDispose]());

function tell(sequence: number, happening: Record<string, unknown>, pod = "pod-1"): Promise<Response> {
  const event = { pod, instance: `${pod}-a`, sequence, at: Date.now(), ...happening };
  return fetch(ledger.url, { method: "POST", body: JSON.stringify(event) });
}

describe("Ledger", () => {
  test("keeps what it is told, in order, and answers it", async () => {
    await tell(0, { kind: "started" });
    await tell(1, { kind: "begun", message: "m1", attempt: "1" });
    await tell(0, { kind: "started" }, "pod-2");
    expect(ledger.events.map(({ kind }) => kind)).toEqual(["started", "begun", "started"]);
    expect(ledger.of("started", "pod-2")).toHaveLength(1);
    expect(ledger.unfinished).toHaveLength(1);
    expect(await (await fetch(ledger.url)).json()).toEqual(ledger.events);
  });

  test("counts a report that comes twice once", async () => {
    await tell(0, { kind: "completed", message: "m1", attempt: "1" });
    expect((await tell(0, { kind: "completed", message: "m1", attempt: "1" })).status).toBe(204);
    expect(ledger.account(["m1"]).repeated).toBe(0);
    expect(ledger.events).toHaveLength(1);
  });

  test("refuses what is no report", async () => {
    const response = await fetch(ledger.url, { method: "POST", body: "{" });
    expect(response.status).toBe(400);
    expect(ledger.events).toEqual([]);
  });

  test("until() gives what the predicate found, at once or later", async () => {
    const later = ledger.until(() => ledger.of("ready")[0], { what: "ready", timeoutMs: 5_000 });
    await tell(0, { kind: "ready" });
    expect((await later).pod).toBe("pod-1");
    expect(await ledger.until(() => ledger.events.length, { what: "an event", timeoutMs: 1 })).toBe(1);
  });

  test("until() says what it waited for and what it saw", async () => {
    await tell(0, { kind: "started" });
    const waiting = ledger.until(() => false, { what: "the cows to come home", timeoutMs: 500 });
    await tell(1, { kind: "begun", message: "m1", attempt: "1" });
    await expect(waiting).rejects.toThrow(
      "Waited 0.5s in vain for the cows to come home: the ledger has started 1, begun 1; the last since: pod-1 begun m1",
    );
  });

  test("until() passes on what the predicate throws", async () => {
    const waiting = ledger.until(() => {
      throw new RangeError("no");
    }, { what: "anything", timeoutMs: 5_000 });
    await expect(waiting).rejects.toThrow(RangeError);
  });
});
