/**
 * Sockets of Deno's own. The hot calls return Deno's promises as they are: each wrapper would cost a microtask a call.
 * @module
 */
import { type Address, BACKLOG, codeOf, range, type Socket, type SocketListener, type Sockets } from "./index.ts";

// The few calls used here, spelled out: @types/deno as a whole collides with @types/node.
type DenoConn = {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  setNoDelay(on: boolean): void;
  close(): void;
};
type DenoListener = { addr: { port: number }; accept(): Promise<DenoConn>; close(): void };
type DenoNet = {
  listen(options: { hostname: string; port: number; tcpBacklog: number }): DenoListener;
  connect(options: { hostname: string; port: number }): Promise<DenoConn>;
};

const net = (): DenoNet => (globalThis as unknown as { Deno: DenoNet }).Deno;

class DenoSocket implements Socket {
  #conn: DenoConn;
  #closed = false;

  constructor(conn: DenoConn) {
    this.#conn = conn;
    try {
      conn.setNoDelay(true);
    } catch {
      // The peer is gone already; the first read says so.
    }
  }

  read(room: () => Uint8Array, came: (count: number | null) => void, failed: (error: unknown) => void): void {
    this.#conn.read(room()).then(came, failed);
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): Promise<number> {
    return this.#conn.write(range(bytes, start, end));
  }

  closeWrite(): void {
    if (!this.#closed) this.#conn.closeWrite().catch(() => {});
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }
}

class DenoSocketListener implements SocketListener {
  #listener: DenoListener;
  #closed = false;

  constructor(listener: DenoListener) {
    this.#listener = listener;
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async accept(): Promise<Socket | null> {
    if (this.#closed) return null;
    try {
      return new DenoSocket(await this.#listener.accept());
    } catch (error) {
      if (this.#closed) return null;
      throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }
}

export const denoSockets: Sockets = {
  kind: "deno",
  listen({ host, port }: Address): Promise<SocketListener> {
    try {
      return Promise.resolve(new DenoSocketListener(net().listen({ hostname: host, port, tcpBacklog: BACKLOG })));
    } catch (error) {
      return Promise.reject(new Error(`Cannot listen on ${host}:${port}: ${codeOf(error)}`, { cause: error }));
    }
  },
  async connect({ host, port }: Address): Promise<Socket> {
    return new DenoSocket(await net().connect({ hostname: host, port }));
  },
};
