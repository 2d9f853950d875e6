/** `daps` as a process of the runtime that the tests run on; on Deno with the permissions that the chart gives. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

const MAIN = resolve(import.meta.dirname, "../../../services/main.ts");

export type LogLine = { readonly level: string; readonly msg: string } & Readonly<Record<string, unknown>>;

export class DapsProcess {
  readonly lines: LogLine[] = [];
  stdout = "";
  stderr = "";
  readonly #child;
  readonly #waiting = new Set<() => void>();
  /** Resolves to the exit code, or to the name of the signal that ended it. */
  readonly exit: Promise<number | string>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, permissions: readonly string[]) {
    const runtime = "deno" in process.versions ? ["run", "--no-prompt", ...permissions] : [];
    const { PATH = "", HOME = "" } = process.env;
    this.#child = spawn(process.execPath, [...runtime, MAIN, ...args], { env: { PATH, HOME, NO_COLOR: "1", ...env } });
    this.exit = once(this.#child, "close").then(([code, signal]) => (code ?? signal) as number | string);
    createInterface(this.#child.stdout).on("line", (line) => {
      this.stdout += `${line}\n`;
      if (line.startsWith("{")) this.lines.push(JSON.parse(line) as LogLine);
      this.#waiting.forEach((check) => check());
    });
    this.#child.stderr.on("data", (data: Uint8Array) => {
      this.stderr += String(data);
    });
  }

  kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    // Not the child's own kill(): with it Deno takes the signal for the way in which the process ended.
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(pid, signal);
  }

  /** The first line of the log that fits, past or coming. Rejects when the process ends before it. */
  async line(fits: (line: LogLine) => boolean): Promise<LogLine> {
    const found = new Promise<LogLine>((resolve) => {
      const check = (): void => {
        const line = this.lines.find(fits);
        if (!line) return;
        this.#waiting.delete(check);
        resolve(line);
      };
      this.#waiting.add(check);
      check();
    });
    const ended = this.exit.then((code) => {
      throw new Error(`Cannot find the line as daps ended with ${code}: ${this.stdout}${this.stderr}`);
    });
    return await Promise.race([found, ended]);
  }
}

/** Starts the webhook on free ports of loopback. */
export function startWebhook(tlsFolder: string, config: Readonly<Record<string, unknown>> = {}): DapsProcess {
  const json = { image: "daps:test", hostname: "127.0.0.1", port: 0, metricsPort: 0, tlsPollMs: 20, tlsFolder };
  const permissions = ["--allow-net=127.0.0.1", "--allow-env=DAPS_WEBHOOK", `--allow-read=${tlsFolder}`];
  return new DapsProcess(["webhook"], { DAPS_WEBHOOK: JSON.stringify({ ...json, ...config }) }, permissions);
}

export async function port(daps: DapsProcess, msg: "listening" | "probes and metrics"): Promise<number> {
  return (await daps.line((line) => line.msg === msg))["port"] as number;
}
