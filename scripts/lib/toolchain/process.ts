/**
 * Child processes that end by themselves: their output, or an error that says what they said.
 *
 * @module
 */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import process from "node:process";

export interface Output {
  stdout: string;
  stderr: string;
  /** The exit code; 128 + n for a process ended by signal n is not imitated, it is -1. */
  code: number;
}

export interface ExecuteOptions {
  /** Written to the standard input, which is empty otherwise. */
  input?: string;
  /** Added to this process's environment. */
  env?: Record<string, string>;
  cwd?: string;
  /** Ends the process with SIGKILL after so many ms. */
  timeoutMs?: number;
  /** An exit code other than 0 is an answer too, not an error. */
  allowFailure?: boolean;
  /** Shows the output instead of collecting it. */
  inherit?: boolean;
  signal?: AbortSignal;
}

/** Said when a process ends with another exit code than 0. */
export class ProcessError extends Error {
  readonly output: Output;

  constructor(message: string, output: Output) {
    super(message);
    this.name = "ProcessError";
    this.output = output;
  }
}

/** Runs a program to its end. Throws a `ProcessError` when it fails, unless `allowFailure` is set. */
export async function execute(command: string, args: string[], options: ExecuteOptions = {}): Promise<Output> {
  const { input, env, cwd, timeoutMs, allowFailure = false, inherit = false, signal } = options;
  const stdio: StdioOptions = inherit ? ["pipe", "inherit", "inherit"] : ["pipe", "pipe", "pipe"];
  const child = spawn(command, args, {
    stdio,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: "SIGKILL" as const }),
    ...(signal === undefined ? {} : { signal }),
  });
  // A program that does not read its input closes the pipe, which is no failure of ours.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input ?? "");
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit(child, command)]);
  const output = { stdout, stderr, code };
  if (code !== 0 && !allowFailure) throw new ProcessError(failure(command, args, output), output);
  return output;
}

/** The standard output of a program, without the white space at its end. */
export async function capture(command: string, args: string[], options: ExecuteOptions = {}): Promise<string> {
  return (await execute(command, args, options)).stdout.trimEnd();
}

async function text(stream: NodeJS.ReadableStream | null): Promise<string> {
  if (stream === null) return "";
  stream.setEncoding("utf8");
  let all = "";
  for await (const chunk of stream) all += chunk as string;
  return all;
}

function exit(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") reject(error);
      else reject(new Error(`Cannot run a program as it is not there, or not on the PATH: received ${command}`));
    });
    child.once("close", (code) => resolve(code ?? -1));
  });
}

function failure(command: string, args: string[], { stdout, stderr, code }: Output): string {
  const said = (stderr.trim() || stdout.trim() || "no output").split("\n").slice(-20).join("\n");
  return `Cannot finish "${[command, ...args].join(" ").slice(0, 300)}" as it ended with exit code ${code}: ${said}`;
}
