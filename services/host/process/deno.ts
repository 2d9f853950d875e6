/** @module */
import { END_SIGNALS, type EndSignal, type HostProcess } from "./index.ts";

// The few calls used here, spelled out: @types/deno as a whole collides with @types/node.
type DenoOutput = { writeSync(bytes: Uint8Array): number };
type DenoProcess = {
  readonly args: readonly string[];
  readonly env: { get(name: string): string | undefined };
  readonly stdout: DenoOutput;
  readonly stderr: DenoOutput;
  addSignalListener(signal: EndSignal, listener: () => void): void;
  writeTextFileSync(path: string, text: string): void;
  exit(code: number): never;
};

const { Deno } = globalThis as unknown as { Deno: DenoProcess };
const encoder = new TextEncoder();

export const denoProcess: HostProcess = {
  args: Deno.args,
  env: (name) => Deno.env.get(name),
  print: (text) => writeAll(Deno.stdout, text),
  complain: (text) => writeAll(Deno.stderr, text),
  onEndSignal(listener) {
    for (const signal of END_SIGNALS) Deno.addSignalListener(signal, () => listener(signal));
  },
  writeFile: (path, text) => Deno.writeTextFileSync(path, text),
  exit: (code) => Deno.exit(code),
};

function writeAll(output: DenoOutput, text: string): void {
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length;) at += output.writeSync(bytes.subarray(at));
}
