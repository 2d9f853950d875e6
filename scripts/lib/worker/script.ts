/**
 * The files of a worker, as they go into a pod.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";

export interface Script {
  /** Text by name. */
  readonly files: Readonly<Record<string, string>>;
  /** The one to run. */
  readonly main: string;
}

/** As it is: Deno runs it. */
export async function workerScript(): Promise<Script> {
  const names = ["worker.ts", "ending.ts", "message.ts", "reporter.ts"];
  const texts = names.map(async (name) => [name, await readFile(join(import.meta.dirname, name), "utf8")] as const);
  return { files: Object.fromEntries(await Promise.all(texts)), main: "worker.ts" };
}

/** `main`: Dapr calls it by gRPC; `streaming`: it calls Dapr, and subscribes by that. */
export type GrpcWorker = "main" | "streaming";

/** Bundled, as grpc-js is more than a file: less than the MiB that a ConfigMap may have. */
export async function grpcWorkerScript(kind: GrpcWorker): Promise<Script> {
  const bundle = await rolldown({
    input: join(import.meta.dirname, `grpc/${kind}.ts`),
    platform: "node",
    logLevel: "warn",
    // For services that are described by files, which it loads when one asks for them.
    external: ["@grpc/proto-loader"],
  });
  try {
    const { output } = await bundle.generate({
      format: "esm",
      minify: true,
      entryFileNames: "grpc.js",
    });
    return { files: { "grpc.js": output[0].code }, main: "grpc.js" };
  } finally {
    await bundle.close();
  }
}
