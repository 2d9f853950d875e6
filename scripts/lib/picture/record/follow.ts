/**
 * Follows the logs of containers while their pods live: with the pod, its logs are gone.
 *
 * @module
 */
import { Writable } from "node:stream";
import { type KubeConfig, Log } from "@kubernetes/client-node";
import { containers, type Pods } from "../../proof/index.ts";
import type { LogLine } from "./logs.ts";

export class LogFollower implements Disposable {
  readonly #log: Log;
  readonly #pods: Pods;
  readonly #namespace: string;
  readonly #containers: readonly string[];
  readonly #lines: LogLine[] = [];
  readonly #followed = new Map<string, Promise<AbortController | undefined>>();
  readonly #watching: Disposable;

  constructor(kube: KubeConfig, pods: Pods, namespace: string, names: readonly string[]) {
    this.#log = new Log(kube);
    this.#pods = pods;
    this.#namespace = namespace;
    this.#containers = names;
    this.#watching = pods.onChange(() => this.#look());
    this.#look();
  }

  /** In the order in which they came. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  #look(): void {
    for (const pod of this.#pods.now) {
      for (const { name, state } of containers(pod)) {
        const key = `${pod.metadata?.name} ${name}`;
        if (!state?.running || !this.#containers.includes(name) || this.#followed.has(key)) continue;
        this.#followed.set(key, this.#follow(pod.metadata?.name ?? "", name));
      }
    }
  }

  async #follow(pod: string, container: string): Promise<AbortController | undefined> {
    const stream = lineStream((line) => {
      const [time = "", ...words] = line.split(" ");
      this.#lines.push({ pod, container, at: Date.parse(time), text: words.join(" ") });
    });
    // Ending it is an error of its source, which the client leaves to whoever listens.
    stream.on("pipe", (source) => source.on("error", () => {}));
    const options = { follow: true, timestamps: true };
    // Without a log the picture is less exact, but there is one.
    return await this.#log.log(this.#namespace, pod, container, stream, options).catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
    for (const followed of this.#followed.values()) void followed.then((controller) => controller?.abort());
  }
}

function lineStream(take: (line: string) => void): Writable {
  let rest = "";
  return new Writable({
    decodeStrings: false,
    write(chunk: Buffer | string, _encoding, done) {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      lines.filter((line) => line !== "").forEach(take);
      done();
    },
  });
}
