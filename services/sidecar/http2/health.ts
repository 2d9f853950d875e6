/**
 * Dapr's app-health probe over HTTP/2, which DAPS answers while the app can't: "unhealthy" would make Dapr drop its
 * subscriptions and discard what it has buffered (`pkg/runtime/runtime.go`: StopAppSubscriptions).
 * @module
 */
import { GRPC_HEALTH_CHECK } from "../../core/grpc-classes.ts";
import { CODE } from "./http2-error.ts";
import type { Session } from "./session.ts";
import type { Stream } from "./stream.ts";

/** gRPC's frame around an empty message: not compressed, no bytes. */
const EMPTY_MESSAGE = new Uint8Array(5);

/** Whether the stream is Dapr's probe, at a time when DAPS speaks for the app, which has not begun to answer. */
export function answersHealth({ context }: Session, stream: Stream): boolean {
  const { health = null } = context.options;
  if (health === null || stream.headed || !health.answers()) return false;
  return stream.grpc ? stream.path === GRPC_HEALTH_CHECK : stream.method === "GET" && stream.path === health.path;
}

/** Answers that the app is well, and ends the stream. */
export async function answerHealth(session: Session, stream: Stream): Promise<void> {
  const { daprd } = session;
  const { id } = stream;
  const ok = { name: ":status", value: "200" };
  stream.headed = true;
  if (stream.grpc) {
    daprd.headers(id, [ok, { name: "content-type", value: "application/grpc" }], false);
    while (daprd.window < EMPTY_MESSAGE.length && session.has(stream)) await daprd.windowGrew.wait();
    if (!session.has(stream)) return;
    void daprd.data(id, 0, EMPTY_MESSAGE, session.line !== null);
    daprd.headers(id, [{ name: "grpc-status", value: "0" }], true);
  } else {
    daprd.headers(id, [ok, { name: "content-length", value: "0" }], true);
  }
  if (!stream.daprdEnded) daprd.reset(id, CODE.NO_ERROR);
  session.finish(stream, null);
}
