/** HTTPS without verification; apart, because few apps need it and it costs memory. @module */
import { Buffer } from "node:buffer";
import https from "node:https";
import type { HttpAnswer } from "./http-client.ts";

export type TlsInit = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Bytes of the body that are read. */
  readonly limit: number;
};

/** @throws the runtime's error when there is no answer */
export function requestTls(url: string, { method, headers, signal, limit }: TlsInit): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const outgoing = https.request(
    url,
    { method, headers, signal, agent: false, rejectUnauthorized: false },
    (response) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      const done = (): void => {
        resolve({ kind: "answered", status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") });
        outgoing.destroy();
      };
      response.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk.subarray(0, Math.max(0, limit - size)));
        size += chunk.byteLength;
        if (size >= limit) done();
      });
      response.on("end", done);
      response.on("error", reject);
    },
  );
  outgoing.on("error", reject);
  outgoing.end();
  return promise;
}
