/**
 * What became of the messages.
 *
 * @module
 */
import type { WorkerEvent } from "../worker/worker.ts";

export interface Account {
  readonly published: number;
  /** Messages that no attempt has completed. Final only once the queue is empty, see `WorkerDeployment.finished`. */
  readonly lost: number;
  /** Attempts begun and not completed. */
  readonly cutOff: number;
  /** Completions of a message beyond its first. */
  readonly repeated: number;
  /** Requests of Dapr that came before the app's ready path first gave 2xx. */
  readonly early: number;
}

/**
 * Attempts at messages that are not in `published` (the dregs of an earlier run) do not count.
 *
 * @param published the ids of the messages that the broker has confirmed
 * @param events of all workers, in any order
 * @throws {RangeError} when an id was published twice, as its attempts could not be told apart
 */
export function account(published: readonly string[], events: readonly WorkerEvent[]): Account {
  const completions = new Map<string, number>(published.map((id) => [id, 0]));
  if (completions.size < published.length) {
    const id = published.find((one, index) => published.indexOf(one) !== index);
    throw new RangeError(`Cannot account for messages as each must have an id of its own: received ${id} twice`);
  }
  const unfinished = new Set<string>();
  const finished = new Set<string>();
  let early = 0;
  for (const event of events) {
    if (event.kind === "early") early++;
    if (event.kind !== "begun" && event.kind !== "completed") continue;
    const count = completions.get(event.message);
    if (count === undefined) continue;
    if (event.kind === "begun") {
      if (!finished.has(event.attempt)) unfinished.add(event.attempt);
    } else {
      finished.add(event.attempt);
      unfinished.delete(event.attempt);
      completions.set(event.message, count + 1);
    }
  }
  const counts = [...completions.values()];
  return {
    published: published.length,
    lost: counts.filter((count) => count === 0).length,
    cutOff: unfinished.size,
    repeated: counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
    early,
  };
}

/** The ids of the published messages that no attempt has completed. */
export function lostMessages(published: readonly string[], events: readonly WorkerEvent[]): string[] {
  const completed = new Set(events.flatMap((event) => event.kind === "completed" ? [event.message] : []));
  return published.filter((id) => !completed.has(id));
}

/**
 * Repeats that the broker's going does not explain: of messages that were first begun when it was back, or that were
 * completed more than twice. For people: each as its id with its times since then, in ms.
 *
 * @param backAt when the broker served again, in ms since 1970: what was begun before had left it before it went
 */
export function unexplainedRepeats(events: readonly WorkerEvent[], backAt: number): string[] {
  const of = (kind: "begun" | "completed") =>
    Map.groupBy(events.flatMap((event) => event.kind === kind ? [event] : []), ({ message }) => message);
  const begun = of("begun");
  const since = (those: readonly WorkerEvent[]) => those.map(({ at }) => at - backAt);
  return [...of("completed")].flatMap(([message, completed]) => {
    const begins = since(begun.get(message) ?? []);
    const explained = completed.length === 1 || (completed.length === 2 && Math.min(...begins) < 0);
    return explained ? [] : [`${message}: begun at ${begins.join(", ")}, completed at ${since(completed).join(", ")}`];
  });
}

/** Whether DAPS's promise was kept: something was published, and nothing lost, cut off, repeated or early. */
export function flawless({ published, lost, cutOff, repeated, early }: Account): boolean {
  return published > 0 && lost + cutOff + repeated + early === 0;
}
