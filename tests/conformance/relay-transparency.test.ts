/** Not a byte changes over the sockets of this runtime either; in memory there are more runs: tests/property. */
import fc from "fast-check";
import { it } from "vitest";
import { type Address, type Socket, systemSockets } from "../../services/host/sockets/index.ts";
import { passThrough } from "../property/relay-passage.ts";
import { Chance } from "../property/relay-memory-sockets.ts";
import { exchanges } from "../property/relay-messages.ts";
import { wrappedSockets } from "./wrapped-sockets.ts";

const ANY_PORT: Address = { host: "127.0.0.1", port: 0 };

/** Each read and write takes as little as chance has it, and as late. */
const unruly = (chance: Chance) => (socket: Socket): Socket => ({
  read(room, came, failed) {
    const some = () => {
      const into = room();
      return into.subarray(0, chance.cut(into.length));
    };
    void chance.stall().then(() => socket.read(some, came, failed));
  },
  async write(bytes, start = 0, end = bytes.length) {
    await chance.stall();
    return await socket.write(bytes, start, start + chance.cut(end - start));
  },
  closeWrite: () => socket.closeWrite(),
  close: () => socket.close(),
});

it("passes any valid exchange byte for byte, over real sockets", async () => {
  const real = await systemSockets();
  await fc.assert(
    fc.asyncProperty(
      exchanges,
      fc.integer(),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      async (all, seed, pipelined, fickle, redeliver) => {
        const chance = new Chance(seed);
        const sockets = wrappedSockets(real, unruly(chance));
        await passThrough(all, { chance, sockets, app: ANY_PORT, relay: ANY_PORT, pipelined, fickle, redeliver });
      },
    ),
    // A run that hangs is reported with its seed, not by the time-out of the whole; so is one that takes long to shrink.
    { numRuns: 60, plugins: [fc.timeout(5_000), fc.interruptAfterTimeLimit(15_000, { failOnInterrupt: true })] },
  );
});
