/** Sockets of this runtime with something between. */
import { type Socket, type Sockets, systemSockets } from "../../services/host/sockets/index.ts";

/** @param wrap gets each socket, accepted or connected, and returns what is used in its place */
export async function wrappedSockets(wrap: (socket: Socket) => Socket): Promise<Sockets> {
  const real = await systemSockets();
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
