/**
 * The least that a relay on this runtime takes: bytes copied from one socket to the other over DAPS's own sockets,
 * nothing looked at and nothing counted, and Deno's server on a port beside it. What DAPS takes more is DAPS's own.
 * @module
 */
import { type Socket, systemSockets, writeAll } from "../../../../services/host/sockets/index.ts";
import { giveMemoryBack } from "../../../../services/host/memory.ts";

type Serve = (options: { hostname: string; port: number; onListen: () => void }, answer: () => Response) => unknown;
type Deno = { readonly args: readonly string[]; readonly serve: Serve };

const { Deno } = globalThis as unknown as { Deno: Deno };
const [port = 0, appPort = 0, adminPort = 0] = Deno.args.map(Number);
const LOOPBACK = "127.0.0.1";
const BUFFER_BYTES = 16 * 1024;
/** As DAPS does when it has started and nothing comes. */
const TIDY_MS = 2_000;

function copy(from: Socket, to: Socket): void {
  const buffer = new Uint8Array(BUFFER_BYTES);
  const close = () => {
    from.close();
    to.close();
  };
  const next = () => from.read(() => buffer, came, close);
  const goOn = async (written: number | Promise<number>, count: number) => {
    try {
      await writeAll(to, buffer, await written, count);
      next();
    } catch {
      close();
    }
  };
  const came = (count: number | null): boolean => {
    if (count === null) {
      to.closeWrite();
      return true;
    }
    const written = to.write(buffer, 0, count);
    if (written === count) {
      next();
      return true;
    }
    void goOn(written, count);
    return false;
  };
  next();
}

Deno.serve({ hostname: LOOPBACK, port: adminPort, onListen: () => {} }, () => new Response());
setTimeout(giveMemoryBack, TIDY_MS);
const sockets = await systemSockets();
const listener = await sockets.listen({ host: LOOPBACK, port });
for (let down = await listener.accept(); down; down = await listener.accept()) {
  const up = await sockets.connect({ host: LOOPBACK, port: appPort });
  copy(down, up);
  copy(up, down);
}
