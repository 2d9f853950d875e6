/**
 * The gRPC health check that Kubernetes' probes use (`grpc.health.v1.Health/Check`); apart, because few apps need it.
 * @module
 */
import { Buffer } from "node:buffer";
import http2 from "node:http2";

const SERVING = 1;
/** Protocol buffers: field 1, as bytes and as a number. */
const SERVICE_FIELD = 0x0a;
const STATUS_FIELD = 0x08;

/** Undefined: serving; else why not. Never throws. */
export function askGrpcHealth(
  { host, port }: { readonly host: string; readonly port: number },
  service: string,
  timeoutMs: number,
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const session = http2.connect(`http://${host.includes(":") ? `[${host}]` : host}:${port}`);
  const timer = setTimeout(() => done(`gRPC health: no answer within ${timeoutMs}ms`), timeoutMs);
  const done = (result: string | undefined): void => {
    clearTimeout(timer);
    session.destroy();
    resolve(result);
  };
  session.on("error", (error: Error) => done(`gRPC health: ${error.message}`));
  const stream = session.request({
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Check",
    "content-type": "application/grpc",
    te: "trailers",
  });
  const body: Uint8Array[] = [];
  stream.on("data", (chunk: Uint8Array) => body.push(chunk));
  stream.on("error", (error: Error) => done(`gRPC health: ${error.message}`));
  stream.on("end", () => {
    // After the five bytes of gRPC's own frame: the status, left out when it is 0.
    const message = Buffer.concat(body).subarray(5);
    done(message[0] === STATUS_FIELD && message[1] === SERVING ? undefined : "gRPC health: not serving");
  });
  stream.end(healthCheckRequest(service));
  return promise;
}

function healthCheckRequest(service: string): Uint8Array {
  const name = new TextEncoder().encode(service).subarray(0, 127);
  const message = name.length === 0 ? [] : [SERVICE_FIELD, name.length, ...name];
  return Uint8Array.from([0, 0, 0, 0, message.length, ...message]);
}
