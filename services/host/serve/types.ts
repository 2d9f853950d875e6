/** What the servers of both runtimes have in common. @module */

export type ServeOptions = {
  /** An IP address; `::` means every address of the host, IPv4 included. */
  readonly hostname: string;
  /** 0: one that is free. */
  readonly port: number;
  /**
   * Answers one request; it may take as long as it wants. `request.signal` aborts when the client goes away before the
   * answer is complete. Deno aborts it after a complete answer too unless it runs with `--unstable-no-legacy-abort`.
   */
  readonly fetch: (request: Request) => Response | Promise<Response>;
};

export interface RunningServer {
  readonly hostname: string;
  readonly port: number;
  /**
   * Stops accepting, and waits at most `graceMs` milliseconds for requests in flight; then their connections are closed,
   * on Deno after the answer 503.
   */
  close(graceMs: number): Promise<void>;
}
