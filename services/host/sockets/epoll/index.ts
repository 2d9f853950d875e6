/**
 * Sockets by Linux's own calls: an exchange costs half of what it does over Deno's sockets, whose calls each go through
 * a promise of its runtime (see docs/performance.md).
 * @module
 */
import { type Address, BACKLOG, codeOf, type Socket, type SocketListener, type Sockets } from "../index.ts";
import { systemError } from "./error.ts";
import { type Libc, openLibc } from "./libc.ts";
import { EPOLLET, EPOLLIN, EpollLoop, EPOLLOUT, type Watched } from "./loop.ts";
import { EpollSocket } from "./socket.ts";

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const EINPROGRESS = 115;
const EAGAIN = 11;
const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/;
const ON = new Uint8Array(Int32Array.of(1).buffer);

/**
 * @param others serve what is no IPv4 address: names, IPv6
 * @throws {Error} where the C library can't be called
 */
export function epollSockets(others: Sockets): Sockets {
  const libc = openLibc();
  const loop = new EpollLoop(libc);

  function open(): number {
    const fd = libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw systemError("open a socket", libc.errno());
    return fd;
  }

  return {
    kind: "epoll",
    async listen(address) {
      if (!IPV4.test(address.host)) return await others.listen(address);
      const fd = open();
      libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ON, ON.length);
      if (libc.bind(fd, sockaddr(address), 16) < 0 || libc.listen(fd, BACKLOG) < 0) {
        const cause = systemError("bind", libc.errno());
        libc.close(fd);
        throw new Error(`Cannot listen on ${address.host}:${address.port}: ${codeOf(cause)}`, { cause });
      }
      return new EpollListener(libc, loop, fd);
    },
    async connect(address) {
      if (!IPV4.test(address.host)) return await others.connect(address);
      const fd = open();
      let errno = libc.connect(fd, sockaddr(address), 16) < 0 ? libc.errno() : 0;
      if (errno === EINPROGRESS) errno = await connected(libc, loop, fd);
      if (errno !== 0) {
        libc.close(fd);
        throw systemError(`connect to ${address.host}:${address.port}`, errno);
      }
      libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, ON, ON.length);
      return new EpollSocket(libc, loop, fd, true);
    },
  };
}

class EpollListener implements SocketListener, Watched {
  readonly fd: number;
  readonly port: number;
  #libc: Libc;
  #loop: EpollLoop;
  #closed = false;
  #waiting: { resolve: (socket: Socket | null) => void; reject: (error: unknown) => void } | null = null;

  constructor(libc: Libc, loop: EpollLoop, fd: number) {
    this.fd = fd;
    this.#libc = libc;
    this.#loop = loop;
    const name = new Uint8Array(16);
    libc.getsockname(fd, name, new Uint8Array(Int32Array.of(name.length).buffer));
    this.port = name[2]! << 8 | name[3]!;
    loop.watch(this, EPOLLIN | EPOLLET);
  }

  accept(): Promise<Socket | null> {
    if (this.#closed) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.onEvents();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#loop.forget(this);
    this.#libc.close(this.fd);
    this.#waiting?.resolve(null);
  }

  onEvents(): boolean {
    const waiting = this.#waiting;
    if (!waiting) return true;
    const fd = this.#libc.accept4(this.fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && this.#libc.errno() === EAGAIN) return true;
    this.#waiting = null;
    if (fd < 0) {
      waiting.reject(systemError("accept", this.#libc.errno()));
      return false;
    }
    this.#libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, ON, ON.length);
    waiting.resolve(new EpollSocket(this.#libc, this.#loop, fd, true));
    return false;
  }
}

/** Resolves to the error's number when a connection is there, or is known not to come; 0: it is. */
function connected(libc: Libc, loop: EpollLoop, fd: number): Promise<number> {
  return new Promise((resolve) => {
    const watched: Watched = {
      fd,
      onEvents() {
        loop.forget(watched);
        const error = new Int32Array(1);
        libc.getsockopt(
          fd,
          SOL_SOCKET,
          SO_ERROR,
          new Uint8Array(error.buffer),
          new Uint8Array(Int32Array.of(4).buffer),
        );
        resolve(error[0]!);
        return false;
      },
    };
    loop.watch(watched, EPOLLOUT);
  });
}

/** `struct sockaddr_in`. */
function sockaddr({ host, port }: Address): Uint8Array {
  return Uint8Array.of(AF_INET, 0, port >> 8, port & 255, ...host.split(".").map(Number), 0, 0, 0, 0, 0, 0, 0, 0);
}
