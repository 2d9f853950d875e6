/** Not a byte changes, however the bytes come and whatever the gate does meanwhile. */
import fc from "fast-check";
import { it } from "vitest";
import { Chance, MemorySockets } from "./relay-memory-sockets.ts";
import { exchanges } from "./relay-messages.ts";
import { passThrough } from "./relay-passage.ts";

const APP = { host: "127.0.0.1", port: 1 };
const RELAY = { host: "127.0.0.1", port: 2 };

it("passes any valid exchange byte for byte, whatever the segments, stalls and gate", async () => {
  await fc.assert(
    fc.asyncProperty(
      exchanges,
      fc.integer(),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      async (all, seed, pipelined, fickle, redeliver) => {
        const chance = new Chance(seed);
        const sockets = new MemorySockets(chance);
        await passThrough(all, { chance, sockets, app: APP, relay: RELAY, pipelined, fickle, redeliver });
      },
    ),
    // A run that hangs is reported with its seed, not by the time-out of the whole; so is one that takes long to shrink.
    { numRuns: 200, plugins: [fc.timeout(10_000), fc.interruptAfterTimeLimit(45_000, { failOnInterrupt: true })] },
  );
});
