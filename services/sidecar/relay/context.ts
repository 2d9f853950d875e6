/** What all connections of a relay share. @module */
import type { RelayOptions } from "./contract.ts";
import type { Budget } from "./budget.ts";
import type { Buffers } from "./buffers.ts";
import type { LastAttempts } from "./last-attempts.ts";
import type { WaitingRoom } from "./waiting-room.ts";

export type RelayContext = {
  readonly options: RelayOptions;
  /** What a request asks before it sets out: the lifecycle's gate, behind which last attempts go alone. */
  readonly gate: LastAttempts;
  readonly waitingRoom: WaitingRoom;
  readonly budget: Budget;
  readonly buffers: Buffers;
  readonly deliveryPaths: Set<string>;
  /** The app is gone for good: see `Relay.abandonParked`. */
  abandoned: boolean;
  /** See `Relay.lastOpaqueByteAt`. */
  lastOpaqueByteAt: number | null;
  /** See `Relay.lastCallAt`. */
  lastCallAt: number | null;
};

/** A connection from daprd. */
export interface Connection {
  /** Resolves when it is closed; never rejects. */
  run(): Promise<void>;
  /** See `Relay.abandonParked`. */
  abandonParked(): void;
  close(): void;
}
