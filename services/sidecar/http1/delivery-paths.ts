/**
 * Learns which paths Dapr delivers to, from what it asks the app (`pkg/runtime/processor/binding/init.go`,
 * `pkg/runtime/pubsub/subscriptions.go`).
 * @module
 */
import { subscribedPaths } from "../../core/classes.ts";
import type { BodyTap } from "./body.ts";

/** What of a request says which answer teaches. */
type Asked = { readonly method: string; readonly path: string };

/** Of an answer to `GET /dapr/subscribe`; a longer one teaches nothing. */
const MAX_SUBSCRIPTIONS_BYTES = 1024 * 1024;

/** Called at the head of each answer. @returns what wants to see its content */
export function learnPaths(paths: Set<string>, request: Asked, status: number): Learner | null {
  if (request.method === "OPTIONS") {
    if (status === 405 || (status >= 200 && status < 300)) paths.add(request.path);
  } else if (request.method === "GET" && request.path === "/dapr/subscribe" && status === 200) {
    return new Learner(paths);
  }
  return null;
}

/** Collects the answer to `GET /dapr/subscribe`. */
export class Learner {
  #paths: Set<string>;
  #parts: Uint8Array[] = [];
  #size = 0;

  constructor(paths: Set<string>) {
    this.#paths = paths;
  }

  readonly tap: BodyTap = (bytes, start, end) => {
    this.#size += end - start;
    if (this.#size <= MAX_SUBSCRIPTIONS_BYTES) this.#parts.push(bytes.slice(start, end));
    else this.#parts.length = 0;
  };

  /** The answer is complete. What is not JSON of the expected form teaches nothing; daprd will say so itself. */
  async learn(): Promise<void> {
    const content = new Uint8Array(this.#parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      content.set(part, at);
      at += part.length;
    }
    try {
      // Go's transport asks for gzip and undoes it; the first two bytes tell.
      const zipped = content[0] === 0x1f && content[1] === 0x8b;
      const text = zipped ? await unzipped(content) : new TextDecoder().decode(content);
      for (const path of subscribedPaths(JSON.parse(text))) this.#paths.add(path);
    } catch {
      // Not JSON.
    }
  }
}

function unzipped(content: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Response(new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
