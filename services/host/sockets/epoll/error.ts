/** What the operating system refused. @module */

/** The numbers that sockets meet, the same on x86-64 and arm64. Not `node:util`'s: it takes a megabyte of memory. */
const NAMES: Readonly<Record<number, string>> = {
  4: "EINTR",
  11: "EAGAIN",
  13: "EACCES",
  23: "ENFILE",
  24: "EMFILE",
  32: "EPIPE",
  98: "EADDRINUSE",
  99: "EADDRNOTAVAIL",
  101: "ENETUNREACH",
  103: "ECONNABORTED",
  104: "ECONNRESET",
  105: "ENOBUFS",
  110: "ETIMEDOUT",
  111: "ECONNREFUSED",
  113: "EHOSTUNREACH",
};

/** @param errno 0: the socket was closed on this side */
export function systemError(what: string, errno: number): Error {
  if (errno === 0) return new Error(`Cannot ${what}: the socket was closed`);
  const code = NAMES[errno] ?? `errno ${errno}`;
  return Object.assign(new Error(`Cannot ${what}: ${code}`), { code });
}
