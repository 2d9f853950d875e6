/** Requests in daprd's place: on connections that last, on connections that do not, and on some that give up. */
import net from "node:net";
import { RELAY_PORT } from "../../services/core/ports.ts";
import { Watched } from "../conformance/relay-harness.ts";
import { ANSWER, CALL, DELIVERY } from "./messages.ts";

/** How many requests a lasting connection carries before it is replaced. */
const LANE_LIFE = 5_000;
/** One connection for a single request to so many on the lasting ones. */
const SINGLE_EVERY = 100;

export function connect(): net.Socket {
  const socket = net.connect({ port: RELAY_PORT, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => socket.destroy());
  return socket;
}

/** `cut off`: a call whose connection ended, as it does in a crash of the app; a delivery's must not. */
type Outcome = "answered" | "cut off" | "lost";

/** A connection that carries one request after the other, and is replaced now and then. */
class Lane {
  busy = false;
  readonly #request: Buffer;
  readonly #onOver: (outcome: Outcome) => boolean;
  #socket: net.Socket | null = null;
  #carried = 0;
  #come = 0;

  /** @param onOver called after each request, says whether there is another one */
  constructor(request: Buffer, onOver: (outcome: Outcome) => boolean) {
    this.#request = request;
    this.#onOver = onOver;
  }

  send(): void {
    this.busy = true;
    if (++this.#carried % LANE_LIFE === 0) this.close();
    this.#socket ??= this.#connect();
    this.#socket.write(this.#request);
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.end();
  }

  #connect(): net.Socket {
    const socket = connect();
    socket.on("data", ({ length }) => {
      this.#come += length;
      if (this.#come > ANSWER.length) throw new Error(`Cannot be an answer, as it has more bytes: ${this.#come}`);
      if (this.#come === ANSWER.length) this.#over("answered");
    });
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (this.busy) this.#over(this.#request === CALL ? "cut off" : "lost");
    });
    return socket;
  }

  #over(outcome: Outcome): void {
    this.busy = false;
    this.#come = 0;
    if (this.#onOver(outcome)) this.send();
  }
}

export class Load extends Watched {
  /** Answers that have come, by the lasting connections. */
  answered = 0;
  cutOff = 0;
  lost = 0;
  readonly #lanes: Lane[];
  readonly #singles = new Set<net.Socket>();
  #left = 0;
  #closed = false;

  /** @param lanes connections that last: every other one carries deliveries, the rest calls */
  constructor(lanes: number) {
    super();
    this.#lanes = Array.from(
      { length: lanes },
      (_, i) => new Lane(i % 2 ? CALL : DELIVERY, (outcome) => this.#over(outcome)),
    );
  }

  /** Sends so many requests. Resolves when all are answered. */
  async run(requests: number): Promise<void> {
    this.#left = requests;
    for (const lane of this.#lanes) if (this.#left-- > 0) lane.send();
    await this.until(() => this.#singles.size === 0 && this.#lanes.every(({ busy }) => !busy));
  }

  close(): void {
    this.#closed = true;
    for (const lane of this.#lanes) lane.close();
  }

  #over(outcome: Outcome): boolean {
    if (this.#closed) return false;
    if (outcome !== "answered") {
      if (outcome === "lost") this.lost++;
      else this.cutOff++;
      return true;
    }
    const goesOn = this.#left-- > 0;
    const single = ++this.answered % SINGLE_EVERY === 0;
    if (single) this.#single(this.answered / SINGLE_EVERY);
    // Not after each one: whoever waits here waits for many.
    if (single || !goesOn) queueMicrotask(() => this.changed());
    return goesOn;
  }

  /** One exchange on a connection of its own; every fourth one is given up as soon as it is sent. */
  #single(number: number): void {
    const socket = connect();
    this.#singles.add(socket);
    socket.write(number % 2 ? DELIVERY : CALL, () => {
      if (number % 4 === 0) socket.resetAndDestroy();
    });
    let come = 0;
    socket.on("data", ({ length }) => {
      come += length;
      if (come === ANSWER.length) socket.end();
    });
    socket.on("close", () => {
      this.#singles.delete(socket);
      this.changed();
    });
  }
}
