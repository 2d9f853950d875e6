/** @module */
import { writeFileSync } from "node:fs";
import process from "node:process";
import { END_SIGNALS, type HostProcess } from "./index.ts";

export const nodeProcess: HostProcess = {
  args: process.argv.slice(2),
  env: (name) => process.env[name],
  print: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  onEndSignal(listener) {
    for (const signal of END_SIGNALS) process.on(signal, () => listener(signal));
  },
  writeFile: (path, text) => writeFileSync(path, text),
  exit: (code) => process.exit(code),
};
