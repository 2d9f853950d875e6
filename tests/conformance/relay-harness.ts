/** Peers for the tests of the relay: raw sockets on both sides, a gate that the test sets. */
import net from "node:net";
import { afterEach, beforeEach } from "vitest";
import { Ledger, type TrafficClass } from "../../services/core/ledger.ts";
import { systemSockets } from "../../services/host/sockets/index.ts";
import type { AppFailure, Gate } from "../../services/sidecar/gate.ts";
import { createRelay } from "../../services/sidecar/relay.ts";
import type { ParkReport, Relay, RelayOptions, RequestReport } from "../../services/sidecar/relay/contract.ts";

/** Something whose changes can be waited for. */
export class Watched {
  #waiting = new Set<() => void>();

  changed(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Resolves once `condition` holds; looks whenever something has changed. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** One end of a raw connection: what came, and how it ended. */
export class Peer extends Watched {
  readonly socket: net.Socket;
  received: Buffer = Buffer.alloc(0);
  ended = false;
  closed = false;
  error: NodeJS.ErrnoException | null = null;

  constructor(socket: net.Socket) {
    super();
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.changed();
    });
    socket.on("end", () => {
      this.ended = true;
      this.changed();
    });
    socket.on("error", (error) => {
      this.error = error;
      this.changed();
    });
    socket.on("close", () => {
      this.closed = true;
      this.changed();
    });
  }

  static connect(port: number): Promise<Peer> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new Peer(socket));
      });
    });
  }

  get text(): string {
    return this.received.toString("latin1");
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Sends so many bytes, whenever they are taken. */
  flood(bytes: number): void {
    const part = Buffer.alloc(Math.min(bytes, 64 * 1024), "0123456789abcdefghijklmnopqrstuvwxyz-");
    for (let left = bytes; left > 0; left -= part.length) this.send(part.subarray(0, Math.min(left, part.length)));
  }

  /** Takes so many bytes at a crawl, one chunk of the kernel and then some turns of the event loop, and forgets them. */
  crawl(bytes: number, turns = 1): Promise<void> {
    let left = bytes;
    this.socket.removeAllListeners("data");
    return new Promise((resolve) => {
      this.socket.on("data", (chunk: Buffer) => {
        left -= chunk.length;
        if (left <= 0) return resolve();
        this.socket.pause();
        let rest = turns;
        const turn = () => rest-- > 0 ? setImmediate(turn) : this.socket.resume();
        turn();
      });
      this.socket.resume();
    });
  }

  /** Waits until what has come contains `part`, and forgets everything that has come. */
  async expect(part: string): Promise<string> {
    await this.until(() => this.text.includes(part) || this.ended || this.closed);
    const { text } = this;
    if (!text.includes(part)) {
      throw new Error(`Connection ended without ${JSON.stringify(part)}: ${JSON.stringify(text)}`);
    }
    this.received = Buffer.alloc(0);
    return text;
  }

  /** Waits until the other side has finished sending, or the connection is gone. */
  end(): Promise<void> {
    return this.until(() => this.ended || this.closed);
  }
}

/** An app that is a raw socket: the test says what it answers. */
export class RawApp extends Watched {
  readonly peers: Peer[] = [];
  port = 0;
  #server: net.Server | null = null;
  #taken = 0;

  /** @param port 0 takes a free one */
  listen(port = 0): Promise<number> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.peers.push(new Peer(socket));
      this.changed();
    });
    this.#server = server;
    return new Promise((resolve) => {
      server.listen(port, "127.0.0.1", () => {
        this.port = (server.address() as net.AddressInfo).port;
        resolve(this.port);
      });
    });
  }

  /** The next connection that the relay makes, or has made. */
  async accept(): Promise<Peer> {
    const index = this.#taken++;
    await this.until(() => this.peers.length > index);
    return this.peers[index]!;
  }

  /** As when the process dies: nobody listens, every connection is closed. */
  die(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    const server = this.#server;
    this.#server = null;
    return new Promise((resolve) => server ? server.close(() => resolve()) : resolve());
  }
}

export class TestGate implements Gate {
  readonly failures: AppFailure[] = [];
  /** Closes the gate for all, as the lifecycle does. */
  closeOnFailure = true;
  #held = new Set<TrafficClass>();
  #listeners = new Set<() => void>();
  #onFailure: () => void;

  constructor(onFailure: () => void) {
    this.#onFailure = onFailure;
  }

  mayPass(cls: TrafficClass): boolean {
    return !this.#held.has(cls);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  appFailed(failure: AppFailure): void {
    this.failures.push(failure);
    if (this.closeOnFailure) this.hold("delivery", "call", "opaque");
    this.#onFailure();
  }

  hold(...classes: TrafficClass[]): void {
    this.#held = new Set(classes);
    for (const listener of this.#listeners) listener();
  }
}

/** A relay with everything that can be seen of it. `until` looks after each change of any of it. */
export class Harness extends Watched {
  readonly gate: TestGate = new TestGate(() => this.changed());
  readonly ledger: Ledger = new Ledger(() => this.changed());
  readonly requests: RequestReport[] = [];
  readonly parks: ParkReport[] = [];
  readonly faults: unknown[] = [];
  relay!: Relay;
  port = 0;

  static async start(appPort: number, options: Partial<RelayOptions> = {}): Promise<Harness> {
    const harness = new Harness();
    harness.relay = createRelay({
      listen: { host: "127.0.0.1", port: 0 },
      app: { host: "127.0.0.1", port: appPort },
      protocol: "http1",
      gate: harness.gate,
      ledger: harness.ledger,
      sockets: await systemSockets(),
      now: () => performance.now(),
      onRequest: (request) => {
        harness.requests.push(request);
        harness.changed();
      },
      onPark: (park) => {
        harness.parks.push(park);
        harness.changed();
      },
      onConnections: () => harness.changed(),
      onFault: (error) => harness.faults.push(error),
      ...options,
    });
    harness.port = (await harness.relay.open()).port;
    return harness;
  }
}

/** A delivery as daprd sends it. */
export function delivery(body = "{}", path = "/orders"): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:9696\r\nUser-Agent: Go-http-client/1.1\r\n` +
    `Content-Length: ${body.length}\r\nContent-Type: application/cloudevents+json\r\n\r\n${body}`;
}

/** A call as daprd makes it for another app. */
export function call(body = "{}", path = "/method"): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:9696\r\nContent-Length: ${body.length}\r\n` +
    `Dapr-Caller-App-Id: a\r\nDapr-Callee-App-Id: b\r\n\r\n${body}`;
}

export function answer(body = "ok", status = "200 OK"): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A raw app and a relay before it, new for each test; a fault of the relay fails the test. */
export function stage(options: Partial<RelayOptions> = {}): { readonly app: RawApp; readonly harness: Harness } {
  const scene = { app: new RawApp(), harness: new Harness() };
  beforeEach(async () => {
    scene.app = new RawApp();
    scene.harness = await Harness.start(await scene.app.listen(), options);
  });
  afterEach(async () => {
    scene.harness.relay.close();
    await scene.app.die();
    for (const fault of scene.harness.faults) throw fault;
  });
  return scene;
}
