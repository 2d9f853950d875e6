/**
 * The TCP connections of this network namespace as Linux tells of them (`/proc/net/tcp`, `/proc/net/tcp6`). The
 * containers of a pod share one, so that a process in one of them sees that a process in another is connected.
 * @module
 */

/** Both files, one after the other. @throws {Error} where they can't be read */
export type TcpTable = () => string;

export const TCP_TABLES = ["/proc/net/tcp", "/proc/net/tcp6"] as const;

/**
 * How the tables are read here; null where they can't be. Deno opens files below `/proc` with `--allow-all` only, so
 * there it is the C library that reads them, which the sidecar may call for its sockets anyway.
 */
export async function systemTcpTable(): Promise<TcpTable | null> {
  try {
    const read = "Deno" in globalThis
      ? (await import("./libc.ts")).libcTcpTable()
      : (await import("./node.ts")).nodeTcpTable;
    read();
    return read;
  } catch {
    return null;
  }
}
