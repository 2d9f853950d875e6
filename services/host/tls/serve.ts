/**
 * An HTTPS server that follows its certificate when the mounted secret changes.
 * @module
 */
import { createServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import { listen } from "../serve/node.ts";
import type { RunningServer, ServeOptions } from "../serve/types.ts";
import { type Clock, sleep } from "../clock.ts";
import { errorMessage, type Log } from "../log.ts";
import { type Certificate, readCertificate } from "./certificate.ts";

export type TlsOptions = ServeOptions & {
  /** Holds `tls.crt` and `tls.key`. */
  readonly folder: string;
  /** How often the folder is read again, in milliseconds. */
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with each certificate that is served from now on, the first one included. */
  readonly onCertificate: (certificate: Certificate) => void;
  /** Ends the wait for the first certificate. */
  readonly signal: AbortSignal;
};

/**
 * Waits for the certificate to be there, then opens the port. Later changes are taken over between two handshakes:
 * connections stay, and none is refused. Contents are compared, rather than the file system's events awaited, because
 * those differ between file systems and runtimes, and get lost when a link is turned.
 *
 * @throws the reason of `signal` when it aborts before there was a certificate; the runtime's error when the port can't
 * be opened
 */
export async function serveTls(options: TlsOptions): Promise<RunningServer> {
  let current = await firstCertificate(options);
  const server = createServer({ cert: current.cert, key: current.key, minVersion: "TLSv1.2" });
  const answer = getRequestListener(options.fetch, { overrideGlobalObjects: false });
  server.on("request", (request, response) => void answer(request, response));
  // A client that is no TLS client, or trusts another certificate, is its own problem.
  server.on("tlsClientError", () => {});
  const running = await listen(server, options.hostname, options.port);
  options.onCertificate(current);

  let cancel: () => void;
  const poll = async (): Promise<void> => {
    try {
      const next = await readCertificate(options.folder);
      if (next.cert !== current.cert || next.key !== current.key) {
        server.setSecureContext({ cert: next.cert, key: next.key, minVersion: "TLSv1.2" });
        current = next;
        options.onCertificate(next);
      }
    } catch (error) {
      options.log.warn("cannot reload the certificate; the one before stays", { error: errorMessage(error) });
    }
    if (!closed) schedule();
  };
  const schedule = (): void => {
    cancel = options.clock.after(options.pollMs, () => void poll());
  };
  let closed = false;
  schedule();
  return {
    ...running,
    close(graceMs) {
      closed = true;
      cancel();
      return running.close(graceMs);
    },
  };
}

async function firstCertificate({ folder, pollMs, clock, log, signal }: TlsOptions): Promise<Certificate> {
  for (let attempt = 0;; attempt++) {
    signal.throwIfAborted();
    try {
      return await readCertificate(folder);
    } catch (error) {
      if (attempt % 10 === 0) log.warn("waiting for the certificate", { folder, error: errorMessage(error) });
      await sleep(clock, pollMs, signal);
    }
  }
}
