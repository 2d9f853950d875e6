/**
 * Programs that run beside the bench until it ends them.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

export type Command = {
  readonly program: string;
  readonly args: readonly string[];
  /** The whole of its environment, beside the PATH. */
  readonly env?: Readonly<Record<string, string>>;
};

export type Running = AsyncDisposable & { readonly pid: number };

const START_TIMEOUT_MS = 20_000;
const LOOK_INTERVAL_MS = 5;
/** Of what a program said, so much is told when it fails. */
const SAID_BYTES = 4_000;

/** Starts a program and waits until something listens on the port of loopback. Disposing it ends it at once. */
export async function start(command: Command, port: number): Promise<Running> {
  const child = spawn(command.program, [...command.args], {
    env: { PATH: process.env["PATH"], ...command.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => said = (said + chunk.toString()).slice(-SAID_BYTES));
  }
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`it ended with exit code ${code}`)));
  });
  failed.catch(() => {});
  try {
    await Promise.race([failed, listening(port)]);
  } catch (error) {
    await end(child);
    const words = [command.program, ...command.args].join(" ");
    const { message } = error as Error;
    throw new Error(`Cannot measure ${words} as ${message}: it said: ${said}`, { cause: error });
  }
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function listening(port: number): Promise<void> {
  const until = performance.now() + START_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (performance.now() > until) throw new Error(`nothing listened on port ${port} in time`);
    await sleep(LOOK_INTERVAL_MS);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
