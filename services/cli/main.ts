/**
 * The `daps` commands for people: wires them to the process.
 * @module
 */
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { systemClock } from "../host/clock.ts";
import { run } from "./program.ts";
import { STDIN, type Terminal } from "./terminal.ts";

/**
 * @param args the command's name first
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  // A reader that has seen enough, such as head, is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const written: Promise<void>[] = [];
  const writer = (stream: NodeJS.WriteStream) => (text: string): void => {
    written.push(new Promise((resolve) => stream.write(text, () => resolve())));
  };
  const terminal: Terminal = {
    out: writer(process.stdout),
    err: writer(process.stderr),
    read: async (file) => file === STDIN ? await readStdin() : await readFile(file, "utf8"),
    now: () => systemClock.wall().getTime(),
  };
  const code = await run(args, terminal);
  // The entry exits at once, and a pipe takes its time.
  await Promise.all(written);
  return code;
}

async function readStdin(): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString("utf8");
}
