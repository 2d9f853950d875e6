/**
 * The relay's port: opened on demand, then never closed while daprd lives, because Dapr takes a refused connection for
 * a failed message.
 * @module
 */
import type { Address, Socket, SocketListener, Sockets } from "../host/sockets/index.ts";

/** How long to wait before accepting again after it failed, in ms: for lack of file descriptors, mostly. */
const ACCEPT_RETRY_MS = 20;

export class Listener {
  #sockets: Sockets;
  #address: Address;
  #onSocket: (socket: Socket) => void;
  #opening: Promise<SocketListener> | null = null;
  #listener: SocketListener | null = null;
  #closed = false;

  constructor(sockets: Sockets, address: Address, onSocket: (socket: Socket) => void) {
    this.#sockets = sockets;
    this.#address = address;
    this.#onSocket = onSocket;
  }

  get isOpen(): boolean {
    return this.#listener !== null && !this.#closed;
  }

  /** Listens, if it does not yet; after a failure the next call tries again. @throws `EADDRINUSE` and the like */
  async open(): Promise<Address> {
    this.#opening ??= this.#listen();
    try {
      return { host: this.#address.host, port: (await this.#opening).port };
    } catch (error) {
      this.#opening = null;
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#listener?.close();
  }

  async #listen(): Promise<SocketListener> {
    const listener = await this.#sockets.listen(this.#address);
    this.#listener = listener;
    if (this.#closed) listener.close();
    void this.#acceptAll(listener);
    return listener;
  }

  async #acceptAll(listener: SocketListener): Promise<void> {
    for (;;) {
      try {
        const socket = await listener.accept();
        if (!socket) return;
        this.#onSocket(socket);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      }
    }
  }
}
