/** What one process sees of the connections of another in the same network namespace. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { readTcpTable } from "../../services/core/app-end.ts";
import { LIBC_PATHS } from "../../services/core/sidecar-config.ts";
import { systemTcpTable } from "../../services/host/tcp-table/index.ts";

const ROOT = join(import.meta.dirname, "../..");

type Scene = AsyncDisposable & { readonly port: number; readonly client: Socket; readonly peer: Socket };

async function connection(host: string): Promise<Scene> {
  const server: Server = createServer({ allowHalfOpen: true });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host, allowHalfOpen: true });
  const [[peer]] = await Promise.all([once(server, "connection") as Promise<[Socket]>, once(client, "connect")]);
  return {
    port,
    client,
    peer,
    async [Symbol.asyncDispose]() {
      client.destroy();
      peer.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.each(["127.0.0.1", "::1"])("a connection over %s", (host) => {
  it("is seen on both ends while its process has it open, and as left behind when it is closed", async () => {
    const read = await systemTcpTable();
    await using scene = await connection(host);
    const { port, client, peer } = scene;
    const clientPort = client.localPort;
    // Whoever had this port before may have left connections behind: those of this scene have its client's port, too.
    const rows = () =>
      readTcpTable(read!(), new Set([port])).filter(({ localPort, remotePort }) =>
        localPort === clientPort || remotePort === clientPort
      );
    expect(rows()).toHaveLength(2);
    expect(rows()).toEqual(expect.arrayContaining([
      { localPort: clientPort, remotePort: port, held: true },
      { localPort: port, remotePort: clientPort, held: true },
    ]));
    client.end();
    await once(peer.resume(), "end");
    peer.end();
    await Promise.all([once(client.resume(), "close"), once(peer, "close")]);
    expect(rows()).toEqual([{ localPort: clientPort, remotePort: port, held: false }]);
  });
});

it("are read with the permission for the C library alone", async () => {
  await using scene = await connection("127.0.0.1");
  const { stdout } = await promisify(execFile)(join(ROOT, "node_modules/.bin/deno"), [
    ...["run", "--no-prompt", `--allow-ffi=${LIBC_PATHS.join(",")}`, `--allow-read=${ROOT}`],
    ...["tests/conformance/narrow-tcp-table.ts", String(scene.port)],
  ], { cwd: ROOT, timeout: 15_000 });
  expect(JSON.parse(stdout)).toContainEqual({ localPort: scene.client.localPort, remotePort: scene.port, held: true });
});
