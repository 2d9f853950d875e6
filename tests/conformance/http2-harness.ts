/** Peers for the tests of the HTTP/2 relay: Node's own client as daprd, its own server as app. */
import http2 from "node:http2";
import type net from "node:net";
import { afterEach, beforeEach } from "vitest";
import type { RelayOptions } from "../../services/sidecar/relay/contract.ts";
import { Harness, Watched } from "./relay-harness.ts";

export const TOPIC_EVENT = "/dapr.proto.runtime.v1.AppCallback/OnTopicEvent";
export const INVOKE = "/dapr.proto.runtime.v1.AppCallback/OnInvoke";

/** A request as the app got it; the test answers `stream`. */
export type Arrived = {
  readonly stream: http2.ServerHttp2Stream;
  readonly headers: http2.IncomingHttpHeaders;
  readonly session: http2.ServerHttp2Session;
  readonly body: Buffer;
  trailers: http2.IncomingHttpHeaders | null;
  ended: boolean;
  /** Code of the reset that ended it; null while it has not ended so. */
  reset: number | null;
};

/** An app of `node:http2`: the test says what it answers. */
export class Http2App extends Watched {
  readonly arrived: Arrived[] = [];
  readonly sessions: http2.ServerHttp2Session[] = [];
  readonly sockets: Set<net.Socket> = new Set();
  settings: http2.Settings = {};
  port = 0;
  /** Whether bodies are read. */
  reads = true;
  #server: http2.Http2Server | null = null;

  listen(port = 0): Promise<number> {
    const server = http2.createServer({ settings: this.settings });
    this.#server = server;
    server.on("connection", (socket: net.Socket) => {
      this.sockets.add(socket);
      socket.on("close", () => {
        this.sockets.delete(socket);
        this.changed();
      });
    });
    server.on("session", (session) => {
      this.sessions.push(session);
      session.on("error", () => {});
      session.on("close", () => this.changed());
      session.on("remoteSettings", () => this.changed());
      this.changed();
    });
    server.on("stream", (stream, headers) => this.#arrive(stream, headers));
    return new Promise((resolve) =>
      server.listen(port, "127.0.0.1", () => {
        this.port = (server.address() as net.AddressInfo).port;
        resolve(this.port);
      })
    );
  }

  /** The requests to a path, in the order in which they came. */
  to(path: string): Arrived[] {
    return this.arrived.filter(({ headers }) => headers[":path"] === path);
  }

  async expect(path: string, index = 0): Promise<Arrived> {
    await this.until(() => this.to(path).length > index);
    return this.to(path)[index]!;
  }

  /** As when the process dies. */
  die(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => server ? server.close(() => resolve()) : resolve());
  }

  #arrive(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    const chunks: Buffer[] = [];
    const arrived: Arrived = {
      stream,
      headers,
      session: stream.session as http2.ServerHttp2Session,
      get body() {
        return Buffer.concat(chunks);
      },
      trailers: null,
      ended: false,
      reset: null,
    };
    this.arrived.push(arrived);
    if (this.reads) {
      stream.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        this.changed();
      });
    }
    stream.on("trailers", (trailers) => arrived.trailers = trailers);
    stream.on("end", () => {
      arrived.ended = true;
      this.changed();
    });
    stream.on("error", () => {});
    stream.on("close", () => {
      arrived.reset = stream.rstCode ?? null;
      this.changed();
    });
    this.changed();
  }
}

/** An answer as daprd got it. */
export class Answered extends Watched {
  readonly stream: http2.ClientHttp2Stream;
  headers: http2.IncomingHttpHeaders | null = null;
  trailers: http2.IncomingHttpHeaders | null = null;
  closed = false;
  error: Error | null = null;
  #chunks: Buffer[] = [];

  constructor(stream: http2.ClientHttp2Stream) {
    super();
    this.stream = stream;
    stream.on("response", (headers) => {
      this.headers = headers;
      this.changed();
    });
    stream.on("trailers", (trailers) => this.trailers = trailers);
    stream.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.changed();
    });
    stream.on("error", (error) => this.error = error);
    stream.on("close", () => {
      this.closed = true;
      this.changed();
    });
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  async end(): Promise<this> {
    await this.until(() => this.closed);
    return this;
  }
}

/** daprd's end of one connection. */
export class Client extends Watched {
  readonly session: http2.ClientHttp2Session;
  goneAway: { code: number; lastId: number } | null = null;

  constructor(port: number, options: http2.ClientSessionOptions = {}) {
    super();
    this.session = http2.connect(`http://127.0.0.1:${port}`, options);
    this.session.on("goaway", (code, lastId) => {
      this.goneAway = { code, lastId };
      this.changed();
    });
    this.session.on("error", () => {});
    this.session.on("connect", () => this.changed());
    this.session.on("remoteSettings", () => this.changed());
    this.session.on("close", () => this.changed());
  }

  request(headers: http2.OutgoingHttpHeaders, body?: string | Buffer, options: http2.ClientSessionRequestOptions = {}) {
    const stream = this.session.request({ ":method": "POST", ...headers }, options);
    const answered = new Answered(stream);
    if (body !== undefined) stream.end(body);
    return answered;
  }

  /** A delivery as daprd makes it by gRPC. */
  deliver(body: string | Buffer, headers: http2.OutgoingHttpHeaders = {}): Answered {
    return this.request({ ":path": TOPIC_EVENT, "content-type": "application/grpc", te: "trailers", ...headers }, body);
  }

  /** A call as daprd makes it by gRPC. */
  call(body: string | Buffer, headers: http2.OutgoingHttpHeaders = {}): Answered {
    return this.request({ ":path": INVOKE, "content-type": "application/grpc", te: "trailers", ...headers }, body);
  }

  async ping(): Promise<void> {
    await this.until(() => !this.session.connecting);
    return await new Promise((resolve, reject) => this.session.ping((error) => error ? reject(error) : resolve()));
  }
}

/** Answers as a gRPC server does: head, message, trailers. */
export function answer({ stream }: Arrived, body: string | Buffer = "ok"): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(body);
}

export type Scene = { app: Http2App; harness: Harness; daprd: Client; connect(): Client };

/** An app, a relay before it and a connection of daprd, new for each test; a fault of the relay fails the test. */
export function stage(options: Partial<RelayOptions> = {}, settings: http2.Settings = {}): Scene {
  const clients: Client[] = [];
  const scene: Scene = {
    app: new Http2App(),
    harness: new Harness(),
    daprd: undefined as unknown as Client,
    connect() {
      const client = new Client(scene.harness.port, { settings: { initialWindowSize: 99_999, enablePush: false } });
      clients.push(client);
      return client;
    },
  };
  beforeEach(async () => {
    scene.app = new Http2App();
    scene.app.settings = settings;
    scene.harness = await Harness.start(await scene.app.listen(), { protocol: "http2", ...options });
    scene.daprd = scene.connect();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.session.destroy();
    scene.harness.relay.close();
    await scene.app.die();
    for (const fault of scene.harness.faults) throw fault;
  });
  return scene;
}
