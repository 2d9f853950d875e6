/** The sidecar as it runs in a pod: the bundle, in a process of its own, on one of the runtimes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { denoCommand } from "../../services/core/admission/daps-container.ts";
import { ADMIN_PORT } from "../../services/core/ports.ts";
import { SIDECAR_ENV, type SidecarConfig } from "../../services/core/sidecar-config.ts";
import type { Status } from "../../services/core/status.ts";
import { deno, type Runtime } from "../../scripts/lib/test/runtimes.ts";
import { Watched } from "../conformance/relay-harness.ts";

const POLL_MS = 10;
/** Nobody says when the kernel has closed the last descriptor: it is looked whether their number still falls. */
const SETTLE_MS = 50;

/** What the process holds. */
export type Holding = {
  /** V8's heap and what it keeps outside, after a collection. */
  readonly heapMib: number;
  readonly rssMib: number;
  readonly dirtyMib: number;
  readonly descriptors: number;
};

const V8_FLAGS = "--v8-flags=";
const HEAP = join(import.meta.dirname, "heap.ts");

function configFor(port: number): SidecarConfig {
  return {
    app: {
      container: "app",
      host: "127.0.0.1",
      port,
      protocol: "http",
      healthPath: null,
      relay: true,
      held: true,
      preStop: null,
    },
    daprd: { native: true, httpPort: 3500, publicPort: 3501, grpcPort: 50_001, stop: "auto", preStop: null },
    ready: { check: { kind: "tcp", port }, source: "port", timeoutMs: null, intervalMs: 100 },
    busy: { path: "/api/busy", binding: false, intervalMs: 250 },
    settleMs: 400,
    callDrainMs: 5_000,
    restartDrainMs: 10_000,
    drainMarginMs: 3_000,
    lingerMs: null,
    gracePeriodMs: 30_000,
    redeliver: { enabled: true, limit: 3 },
    hold: { perRequestBytes: 4 * 2 ** 20, totalBytes: 32 * 2 ** 20 },
    job: false,
    native: true,
    logLevel: "info",
  };
}

export class Sidecar extends Watched {
  readonly #child: ChildProcess;
  #said = "";

  /** @param bundle the folder that holds `main.js` */
  constructor(runtime: Runtime, bundle: string, appPort: number) {
    super();
    const config = configFor(appPort);
    const [, run = "", ...onDeno] = denoCommand(config).map((word) => word.replaceAll("/daps", bundle));
    const flags = onDeno.find((word) => word.startsWith(V8_FLAGS))!.slice(V8_FLAGS.length).split(",");
    const [program, args] = runtime === "Deno"
      ? [deno(), [run, "--preload", HEAP, ...onDeno]]
      : [process.execPath, [...flags, "--import", HEAP, `${bundle}/main.js`, "sidecar"]];
    this.#child = spawn(program, args, {
      env: { [SIDECAR_ENV.config]: JSON.stringify(config), [SIDECAR_ENV.token]: "token", NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.on("exit", () => this.changed());
    for (const output of [this.#child.stdout!, this.#child.stderr!]) {
      output.on("data", (text: Buffer) => {
        this.#said = (this.#said + text.toString()).slice(-4_000);
        this.changed();
      });
    }
  }

  async status(): Promise<Status> {
    return await (await fetch(`http://127.0.0.1:${ADMIN_PORT}/status`)).json() as Status;
  }

  /** @throws {Error} when the process has ended, with its last words */
  async reaches(condition: (status: Status) => boolean): Promise<void> {
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error(`Cannot wait for the sidecar as it ended: ${this.#said}`);
      const status = await this.status().catch(() => null);
      if (status && condition(status)) return;
      await sleep(POLL_MS);
    }
  }

  async holding(): Promise<Holding> {
    const { pid } = this.#child;
    const folder = `/proc/${pid}`;
    this.#said = "";
    process.kill(pid!, "SIGUSR2");
    await this.until(() => /^heap \d+$/m.test(this.#said) || this.#child.exitCode !== null);
    const rollup = await readFile(`${folder}/smaps_rollup`, "latin1");
    const mib = (line: string) => Number(new RegExp(`^${line}:\\s+(\\d+) kB$`, "m").exec(rollup)![1]) / 1024;
    return {
      heapMib: Number(/^heap (\d+)$/m.exec(this.#said)![1]) / 1024 / 1024,
      rssMib: mib("Rss"),
      dirtyMib: mib("Private_Dirty"),
      descriptors: (await readdir(`${folder}/fd`)).length,
    };
  }

  /** What it holds once the connections that were closed are gone on its side too. */
  async settled(): Promise<Holding> {
    for (let before = -1;;) {
      await sleep(SETTLE_MS);
      const holding = await this.holding();
      if (holding.descriptors === before) return holding;
      before = holding.descriptors;
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }
}
