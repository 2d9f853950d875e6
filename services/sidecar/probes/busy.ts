/**
 * Asks the app's busy endpoint, and remembers whether it binds.
 * @module
 */
import { type Busy, NOT_ASKED, readBusy } from "../../core/busy.ts";
import type { SidecarConfig } from "../../core/sidecar-config.ts";
import { request } from "../../host/http-client.ts";
import type { Sockets } from "../../host/sockets/index.ts";
import { portAccepts } from "./ready.ts";

const TIMEOUT_MS = 2000;

export class BusyProbe {
  /** The last answer's meaning. */
  last: Busy = NOT_ASKED;
  #bound: boolean;
  readonly #config: Pick<SidecarConfig, "app" | "busy">;
  readonly #sockets: Sockets;

  constructor(config: Pick<SidecarConfig, "app" | "busy">, sockets: Sockets) {
    this.#config = config;
    this.#sockets = sockets;
    this.#bound = config.busy.binding;
  }

  /** Never throws. */
  async ask(): Promise<Busy> {
    const { app: { host, port, protocol }, busy: { path } } = this.#config;
    const scheme = protocol === "https" || protocol === "grpcs" ? "https" : "http";
    const answer = await request({ scheme, host, port, path, headers: [] }, { timeoutMs: TIMEOUT_MS });
    const refused = answer.kind === "failed" && !(await portAccepts({ host, port }, this.#sockets));
    this.last = readBusy(refused ? { kind: "refused" } : answer, this.#bound);
    if (this.last.source === "endpoint") this.#bound = true;
    return this.last;
  }
}
