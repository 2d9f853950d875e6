/**
 * What a failed lane leaves behind: the state of its cluster, and what its containers said.
 * @module
 */
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster/index.ts";

/** A cluster that does not answer must not hold up its own removal. */
const ANSWER_MS = 20_000;

interface Pod {
  metadata: { namespace: string; name: string };
  spec: { containers: { name: string }[]; initContainers?: { name: string }[] };
}

/** The lines of a child process, kept. */
export class LogFile {
  #stream: WriteStream;

  constructor(path: string) {
    this.#stream = createWriteStream(path);
  }

  write(line: string): void {
    this.#stream.write(`${line}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#stream.end(resolve));
  }
}

/** Writes pods, events, webhooks and the logs of every container into `folder`. What can't be had is left out. */
export async function collectDiagnostics(cluster: Cluster, folder: string): Promise<void> {
  const save = async (file: string, args: string[]) => {
    const { stdout, stderr } = await cluster.run("kubectl", args, { allowFailure: true, timeoutMs: ANSWER_MS })
      .catch((error: unknown) => ({ stdout: "", stderr: String(error) }));
    await writeFile(join(folder, file), stdout || stderr);
    return stdout;
  };
  await mkdir(folder, { recursive: true });
  const listed = await save("pods.json", ["get", "pods", "--all-namespaces", "--output=json"]);
  await save("pods.txt", ["get", "pods", "--all-namespaces", "--output=wide"]);
  await save("describe.txt", ["describe", "pods", "--all-namespaces"]);
  await save("events.txt", ["get", "events", "--all-namespaces", "--sort-by=.metadata.creationTimestamp"]);
  await save("webhooks.yaml", ["get", "mutatingwebhookconfigurations", "--output=yaml"]);
  for (const { metadata: { namespace, name }, spec } of pods(listed)) {
    for (const container of [...spec.initContainers ?? [], ...spec.containers]) {
      const args = ["logs", `--namespace=${namespace}`, name, `--container=${container.name}`, "--timestamps"];
      const file = `${namespace}.${name}.${container.name}`;
      await save(`${file}.log`, args);
      await save(`${file}.previous.log`, [...args, "--previous"]);
    }
  }
}

function pods(text: string): Pod[] {
  try {
    return (JSON.parse(text) as { items: Pod[] }).items;
  } catch {
    return [];
  }
}
