/** The writing side of a socket: whole frames from several hands, one after the other. @module */
import { type Socket, writeAll } from "../../host/sockets/index.ts";

export class Outlet {
  /** The peer takes nothing any more; what is written is thrown away. */
  broken = false;
  #socket: Socket;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Resolves, and never rejects, when the kernel has the bytes; until then they must not be changed. */
  write(bytes: Uint8Array): Promise<void> {
    const written = this.#waiting === 0 ? this.#put(bytes) : this.#last.then(() => this.#put(bytes));
    this.#waiting++;
    return this.#last = written.then(() => {
      this.#waiting--;
    });
  }

  /** What has been written goes out, then the peer is told that nothing more comes. */
  async end(): Promise<void> {
    await this.#last;
    this.#socket.closeWrite();
  }

  /** What has been written goes out, then both directions end. */
  async close(): Promise<void> {
    await this.#last;
    this.#socket.close();
  }

  async #put(bytes: Uint8Array): Promise<void> {
    if (this.broken) return;
    try {
      await writeAll(this.#socket, bytes);
    } catch {
      this.broken = true;
    }
  }
}
