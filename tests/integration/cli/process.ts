/** The `daps` entry as a process of the runtime that the tests run on. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import process from "node:process";

const MAIN = resolve(import.meta.dirname, "../../../services/main.ts");

export const FIXTURES: string = resolve(import.meta.dirname, "fixtures");

export type Run = {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes of standard output that are read before it is closed. */
  readonly readAtMost?: number;
};

/** Runs to the end, in the folder of the fixtures. */
export async function daps(args: readonly string[], { stdin = "", env = {}, readAtMost = Infinity }: Run = {}) {
  const runtime = "deno" in process.versions ? ["run", "--no-prompt", "--allow-all"] : [];
  const { PATH = "", HOME = "", DENO_DIR } = process.env;
  const child = spawn(process.execPath, [...runtime, MAIN, ...args], {
    cwd: FIXTURES,
    // A home without a kubeconfig; Deno's cache is not there.
    env: { PATH, HOME: FIXTURES, DENO_DIR: DENO_DIR ?? join(HOME, ".cache/deno"), NO_COLOR: "1", ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (stdout.length >= readAtMost) child.stdout.destroy();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  // It may end without reading all.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}
