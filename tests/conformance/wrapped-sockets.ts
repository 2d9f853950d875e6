/** Sockets with something between. */
import type { Socket, Sockets } from "../../services/host/sockets/index.ts";

/** @param wrap gets each socket, accepted or connected, and returns what is used in its place */
export function wrappedSockets(real: Sockets, wrap: (socket: Socket) => Socket): Sockets {
  return {
    kind: real.kind,
    async listen(address) {
      const listener = await real.listen(address);
      return {
        port: listener.port,
        async accept() {
          const socket = await listener.accept();
          return socket && wrap(socket);
        },
        close: () => listener.close(),
      };
    },
    connect: async (address) => wrap(await real.connect(address)),
  };
}
