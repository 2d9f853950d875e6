/**
 * A container's log, followed while the pod lives, because it goes with the pod.
 * @module
 */
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { Log } from "@kubernetes/client-node";
import type { Lab } from "../../../scripts/lib/proof/index.ts";
import { type Found, type UntilOptions, Waiting } from "../../../scripts/lib/proof/waiting.ts";

export interface LogLine {
  readonly text: string;
  /** When the kubelet took it, in ms since 1970. */
  readonly at: number;
  /** The fields of a line of DAPS; empty for other containers. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export class FollowedLog {
  readonly lines: LogLine[] = [];
  readonly #waiting = new Waiting();
  readonly #what: string;

  private constructor(what: string) {
    this.#what = what;
  }

  /** The container must have started. Ends with the container. */
  static async follow({ kube }: Lab, namespace: string, pod: string, container: string): Promise<FollowedLog> {
    const log = new FollowedLog(`${namespace}/${pod} ${container}`);
    const stream = new PassThrough();
    createInterface({ input: stream }).on("line", (line) => log.#take(line));
    await new Log(kube).log(namespace, pod, container, stream, { follow: true, timestamps: true });
    return log;
  }

  until<T>(find: (lines: readonly LogLine[]) => Found<T>, options: UntilOptions): Promise<T> {
    const last = (): string => this.lines.slice(-5).map(({ text }) => text).join("\n") || "nothing";
    return this.#waiting.until(() => find(this.lines), () => `the log of ${this.#what} ends with ${last()}`, options);
  }

  /** The first line that matches; of DAPS's lines, the message does. */
  line(pattern: RegExp): LogLine | undefined {
    return this.lines.find(({ text, fields }) =>
      pattern.test(typeof fields["msg"] === "string" ? fields["msg"] : text)
    );
  }

  // With `timestamps`, the kubelet puts the time before each line.
  #take(line: string): void {
    const space = line.indexOf(" ");
    const text = line.slice(space + 1);
    this.lines.push({ text, at: Date.parse(line.slice(0, space)), fields: parse(text) });
    this.#waiting.notify();
  }
}

function parse(text: string): Record<string, unknown> {
  if (!text.startsWith("{")) return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
