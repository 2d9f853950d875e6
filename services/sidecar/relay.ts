/**
 * The relay between daprd and the app: a byte relay that watches the framing and never rebuilds a message.
 * @module
 */
import type { Socket } from "../host/sockets/index.ts";
import { Http1Connection } from "./http1/connection.ts";
import { Http2Connection } from "./http2/connection.ts";
import { Listener } from "./listener.ts";
import { OpaqueConnection } from "./opaque.ts";
import { Budget, DEFAULT_HOLD_LIMITS } from "./relay/budget.ts";
import { Buffers } from "./relay/buffers.ts";
import type { Connection, RelayContext } from "./relay/context.ts";
import type { Relay, RelayOptions } from "./relay/contract.ts";
import { LastAttempts } from "./relay/last-attempts.ts";
import { WaitingRoom } from "./relay/waiting-room.ts";

const CONNECTIONS = { http1: Http1Connection, http2: Http2Connection, opaque: OpaqueConnection };

/** Nothing happens before `open`. */
export function createRelay(options: RelayOptions): Relay {
  const gate = new LastAttempts(options.gate, options.ledger);
  const context: RelayContext = {
    options,
    gate,
    waitingRoom: new WaitingRoom(gate),
    budget: new Budget(options.hold ?? DEFAULT_HOLD_LIMITS),
    buffers: new Buffers(),
    deliveryPaths: new Set(),
    abandoned: false,
    lastOpaqueByteAt: null,
    lastCallAt: null,
  };
  const connections = new Set<Connection>();
  let present = 0;
  const count = (change: 1 | -1) => {
    present += change;
    options.onConnections?.(present);
  };

  async function serve(socket: Socket): Promise<void> {
    let here = true;
    const onGone = () => {
      if (here) count(-1);
      here = false;
    };
    const connection = new CONNECTIONS[options.protocol](context, socket, onGone);
    connections.add(connection);
    count(1);
    try {
      await connection.run();
    } catch (error) {
      options.onFault?.(error);
    } finally {
      connections.delete(connection);
      onGone();
    }
  }

  const listener = new Listener(options.sockets, options.listen, (socket) => void serve(socket));
  return {
    open: () => listener.open(),
    get isOpen() {
      return listener.isOpen;
    },
    get connections() {
      return present;
    },
    get lastOpaqueByteAt() {
      return context.lastOpaqueByteAt;
    },
    get lastCallAt() {
      return context.lastCallAt;
    },
    deliveryPaths: context.deliveryPaths,
    abandonParked() {
      context.abandoned = true;
      for (const connection of connections) connection.abandonParked();
    },
    close() {
      listener.close();
      for (const connection of connections) connection.close();
    },
  };
}
