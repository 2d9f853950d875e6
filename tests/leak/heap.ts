/** Loaded before the sidecar: on SIGUSR2 it collects what is garbage and says how many bytes the heap then holds. */
import process from "node:process";

declare const gc: () => void;

process.on("SIGUSR2", () => {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`heap ${heapUsed + external}\n`);
});
