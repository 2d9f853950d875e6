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

  /**
   * Writes `bytes[start..end)`.
   *
   * @returns when the kernel has them, unless it has at once; until then they must not be changed. It never rejects
   */
  write(bytes: Uint8Array, start = 0, end: number = bytes.length): Promise<void> | undefined {
    if (this.#waiting > 0) return this.#wait(this.#last.then(() => this.#put(bytes, start, end)));
    if (this.broken || start === end) return undefined;
    const count = this.#socket.write(bytes, start, end);
    return count === end - start ? undefined : this.#wait(this.#putRest(bytes, start, end, count));
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

  #wait(written: Promise<void>): Promise<void> {
    this.#waiting++;
    return this.#last = written.then(() => {
      this.#waiting--;
    });
  }

  async #put(bytes: Uint8Array, start: number, end: number): Promise<void> {
    await this.#putRest(bytes, start, end, 0);
  }

  /** @param count how much of them the kernel has taken already */
  async #putRest(bytes: Uint8Array, start: number, end: number, count: number | Promise<number>): Promise<void> {
    if (this.broken) return;
    try {
      await writeAll(this.#socket, bytes, start + await count, end);
    } catch {
      this.broken = true;
    }
  }
}
