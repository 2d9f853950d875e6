/** gRPC's own server and client for the tests of the relay: messages are bytes, so that no schema stands between. */
import net from "node:net";
import * as grpc from "@grpc/grpc-js";
import { TOPIC_EVENT } from "./http2-harness.ts";

const bytes = (value: Buffer) => value;

function method(path: string, kind: Partial<grpc.MethodDefinition<Buffer, Buffer>>) {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
    ...kind,
  };
}

/** One method of each kind, and one of Dapr's. */
const SERVICE = {
  Unary: method("/test.Peers/Unary", {}),
  Deliver: method(TOPIC_EVENT, {}),
  Down: method("/test.Peers/Down", { responseStream: true }),
  Up: method("/test.Peers/Up", { requestStream: true }),
  Both: method("/test.Peers/Both", { requestStream: true, responseStream: true }),
};

export type Unary = grpc.handleUnaryCall<Buffer, Buffer>;
export type Handlers = {
  Unary?: Unary;
  Deliver?: Unary;
  Down?: grpc.handleServerStreamingCall<Buffer, Buffer>;
  Up?: grpc.handleClientStreamingCall<Buffer, Buffer>;
  Both?: grpc.handleBidiStreamingCall<Buffer, Buffer>;
};

/** Both ends take messages of any size. */
const LARGE = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

export class GrpcApp {
  port = 0;
  #grpc: grpc.Server | null = null;
  #server: net.Server | null = null;
  #sockets = new Set<net.Socket>();

  /** On a listener of the test's own, so that it can break the connections. */
  listen(handlers: Handlers, port = 0): Promise<number> {
    const server = new grpc.Server(LARGE);
    server.addService(SERVICE, handlers);
    const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
    this.#grpc = server;
    this.#server = net.createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      injector.injectConnection(socket);
    });
    return new Promise((resolve) =>
      this.#server!.listen(port, "127.0.0.1", () => {
        this.port = (this.#server!.address() as net.AddressInfo).port;
        resolve(this.port);
      })
    );
  }

  /** As when the process dies. */
  die(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    this.#grpc?.forceShutdown();
    return new Promise((resolve) => server ? server.close(() => resolve()) : resolve());
  }

  /** Takes nothing new, and resolves when what is under way has ended. */
  leave(): Promise<void> {
    return new Promise((resolve) => this.#grpc!.tryShutdown(() => resolve()));
  }
}

export interface PeersClient extends grpc.Client {
  Unary(
    request: Buffer,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<Buffer>,
  ): grpc.ClientUnaryCall;
  Deliver: PeersClient["Unary"];
  Down(request: Buffer): grpc.ClientReadableStream<Buffer>;
  Up(callback: grpc.requestCallback<Buffer>): grpc.ClientWritableStream<Buffer>;
  Both(): grpc.ClientDuplexStream<Buffer, Buffer>;
}

/** A client with a connection of its own, which does not repeat by itself what failed. */
export function connect(port: number): PeersClient {
  const Client = grpc.makeGenericClientConstructor(SERVICE, "Peers");
  const options = { ...LARGE, "grpc.enable_retries": 0, "grpc.use_local_subchannel_pool": 1 };
  return new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options) as unknown as PeersClient;
}

export type Answered = {
  readonly body: Buffer | null;
  readonly status: grpc.StatusObject;
  readonly head: grpc.Metadata | null;
};

/** Makes a unary call and waits for all of its answer. */
export function ask(
  client: PeersClient,
  name: "Unary" | "Deliver",
  body: Buffer,
  { metadata = new grpc.Metadata(), ...options }: grpc.CallOptions & { metadata?: grpc.Metadata } = {},
): Promise<Answered> {
  return new Promise((resolve) => {
    let head: grpc.Metadata | null = null;
    let answer: Buffer | null = null;
    const call = client[name](body, metadata, options, (_, value) => answer = value ?? null);
    call.on("metadata", (value: grpc.Metadata) => head = value);
    call.on("status", (status: grpc.StatusObject) => setImmediate(() => resolve({ body: answer, status, head })));
  });
}
