/** Starts relay-process.ts, on the runtime that the test runs on. @module */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

export type RelayChild = AsyncDisposable & {
  readonly pid: number | undefined;
  /** Those that it says on its first line. */
  readonly ports: readonly number[];
};

/** @param permissions those that Deno gets; Node knows none */
export async function startRelayChild(
  kind: "relay" | "greedy" | "admin",
  appPort: number,
  permissions: readonly string[],
): Promise<RelayChild> {
  const program = join(import.meta.dirname, "relay-process.ts");
  const runtime = "deno" in process.versions ? ["run", "--no-prompt", ...permissions] : [];
  const child = spawn(process.execPath, [...runtime, program, `${appPort}`, kind], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = once(child, "close");
  const [line] = await once(createInterface(child.stdout), "line") as [string];
  return {
    pid: child.pid,
    ports: line.split(" ").map(Number),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exit;
    },
  };
}
