/** A terminal in memory. */
import type { Terminal } from "../../../services/cli/terminal.ts";

export type MemoryTerminal = Terminal & { readonly stdout: () => string; readonly stderr: () => string };

export function memoryTerminal(files: Readonly<Record<string, string>> = {}, now = 0): MemoryTerminal {
  let stdout = "";
  let stderr = "";
  return {
    out: (text) => void (stdout += text),
    err: (text) => void (stderr += text),
    read: async (file) => {
      const text = files[file];
      if (text === undefined) throw new Error(`no such file: ${file}`);
      return await Promise.resolve(text);
    },
    now: () => now,
    stdout: () => stdout,
    stderr: () => stderr,
  };
}
