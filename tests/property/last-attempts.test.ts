/**
 * Crashes of an app that has several deliveries in flight: whatever the order, a message that kills it is given up after
 * its attempts, and takes no other with it.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Lease, Ledger } from "../../services/core/ledger.ts";
import type { Gate } from "../../services/sidecar/gate.ts";
import { Attempts } from "../../services/sidecar/relay/attempts.ts";
import type { RelayContext } from "../../services/sidecar/relay/context.ts";
import { LastAttempts } from "../../services/sidecar/relay/last-attempts.ts";

type Message = {
  readonly poison: boolean;
  readonly attempts: Attempts;
  lease: Lease | null;
  begun: number;
  /** Deliveries in flight when it was cut off last, itself among them. */
  beside: number;
  end: "finished" | "given-up" | null;
};

const GATE: Gate = { mayPass: () => true, onChange: () => () => {}, appFailed: () => {} };

/** An app's life in steps; `choose` says what happens next, of so many things that can. */
function live(poisons: readonly boolean[], limit: number, choose: (count: number) => number): Message[] {
  const ledger = new Ledger();
  const gate = new LastAttempts(GATE, ledger);
  // All that `Attempts` asks for.
  const context = { options: { redeliver: { limit } }, gate } as unknown as RelayContext;
  const messages = poisons.map((poison): Message => ({
    poison,
    attempts: new Attempts(context),
    lease: null,
    begun: 0,
    beside: 0,
    end: null,
  }));
  const inFlight = () => messages.filter(({ lease }) => lease);

  function finish(message: Message, end: Message["end"]): void {
    message.end = end;
    message.attempts.end();
  }
  function answer(message: Message): void {
    message.lease?.[Symbol.dispose]();
    message.lease = null;
    finish(message, "finished");
  }
  function crash(): void {
    const dying = inFlight();
    for (const message of dying) {
      message.lease?.[Symbol.dispose]();
      message.lease = null;
      message.beside = dying.length;
    }
    for (const message of dying) if (!message.attempts.cutOff("/", true)) finish(message, "given-up");
  }

  for (let step = 0; messages.some(({ end }) => end === null); step++) {
    if (step > 100 * messages.length) throw new Error("Cannot go on: nothing can happen any more");
    const flying = inFlight();
    const actions: (() => void)[] = [];
    for (const message of messages) {
      if (message.end === null && !message.lease && message.attempts.mayGo("delivery")) {
        actions.push(() => {
          message.begun++;
          message.lease = ledger.enter("delivery");
        });
      }
      if (message.lease && !message.poison) actions.push(() => answer(message));
    }
    if (flying.some(({ poison }) => poison)) actions.push(crash);
    expect(actions.length).toBeGreaterThan(0);
    actions[choose(actions.length)]!();
  }
  return messages;
}

it("loses nothing but what kills the app, however they are mixed", () => {
  fc.assert(fc.property(
    fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
    fc.integer({ min: 2, max: 5 }),
    fc.infiniteStream(fc.nat()),
    (poisons, limit, choices) => {
      const choose = (count: number) => (choices.next().value ?? 0) % count;
      for (const { poison, end, begun, beside } of live(poisons, limit, choose)) {
        expect(end).toBe(poison ? "given-up" : "finished");
        expect(begun).toBeLessThanOrEqual(limit);
        if (poison) expect({ begun, beside }).toEqual({ begun: limit, beside: 1 });
      }
    },
  ));
});
