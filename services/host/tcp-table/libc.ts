/** Linux's tables of connections, by the C library. @module */
import { loadLibc } from "../libc.ts";
import { TCP_TABLES, type TcpTable } from "./index.ts";

const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;
/** So many bytes are read at once: a few hundred connections. */
const CHUNK_BYTES = 65_536;

interface Files {
  open(path: Uint8Array, flags: number): number;
  read(fd: number, into: Uint8Array, size: number): number;
  close(fd: number): number;
}

/** @throws {Error} where the C library can't be called */
export function libcTcpTable(): TcpTable {
  const files = loadLibc({
    open: { parameters: ["buffer", "i32"], result: "i32" },
    // size_t and ssize_t, but 64 bits would come as BigInt.
    read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  }) as unknown as Files;
  const chunk = new Uint8Array(CHUNK_BYTES);
  return () => TCP_TABLES.map((path) => readWhole(files, path, chunk)).join("");
}

function readWhole(files: Files, path: string, chunk: Uint8Array): string {
  const fd = files.open(new TextEncoder().encode(`${path}\0`), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw new Error(`Cannot read the connections of the pod: open of ${path} failed: received ${fd}`);
  try {
    let text = "";
    for (;;) {
      const count = files.read(fd, chunk, chunk.length);
      if (count < 0) throw new Error(`Cannot read the connections of the pod: read of ${path}: received ${count}`);
      if (count === 0) return text;
      // The tables are ASCII, so that no character is cut in two.
      text += new TextDecoder().decode(chunk.subarray(0, count));
    }
  } finally {
    files.close(fd);
  }
}
