/**
 * What a picture says in words.
 *
 * @module
 */
import type { Mark } from "../model/messages.ts";
import type { Model, SideModel } from "../model/model.ts";

export interface Headline {
  readonly words: string;
  /** Whether nothing went wrong. */
  readonly good: boolean;
}

export const SIDE_NAMES = { alone: "Dapr alone", daps: "with DAPS" } as const;

export function title({ sides: [{ messages }] }: Model): string {
  return `What one rolling restart does to ${messages.length} messages`;
}

export function subtitle({ native, sides: [{ pods }] }: Model): string {
  const replicas = pods.filter(({ old }) => old).length;
  return `A worker of ${replicas} replicas on Dapr, whose sidecar, daprd, is ${
    native ? "a native one" : "an ordinary container"
  }. Recorded on a real cluster.`;
}

/** What went wrong with a message; nothing is said of one that was acknowledged. */
export function fault({ kind, pod, app }: Mark, letter: (pod: string) => string): string {
  if (kind === "acknowledged") return "";
  const where = pod === undefined ? "" : `pod ${letter(pod)}`;
  if (kind === "again") return `again, in ${where}`;
  if (app === "starting") return `lost: the app of ${where} was not ready`;
  return app === "ending" ? `lost: the app of ${where} was ending` : "lost";
}

export function headline({ messages, pods }: SideModel): Headline {
  const count = (outcome: string) => messages.filter((each) => each.outcome === outcome).length;
  const cutOff = messages.filter(({ spans }) => spans.some(({ state }) => state === "cutOff")).length;
  const [lost, repeated] = [count("lost"), count("repeated")];
  const faults = [
    ...lost > 0 ? [`${lost} of ${messages.length} messages lost`] : [],
    ...repeated > 0 ? [`${repeated} processed twice`] : [],
    ...cutOff > 0 ? [`${cutOff} cut off`] : [],
  ];
  if (faults.length > 0 || pods.length === 0) return { words: faults.join(", "), good: false };
  return { words: `all ${messages.length} messages processed, each once`, good: true };
}

/** For those who can't see the picture. */
export function description(model: Model): string {
  const sides = model.sides.map((side) => {
    const parked = side.messages.filter(({ spans }) => spans.some(({ state }) => state === "parked")).length;
    const more = side.side === "daps"
      ? ` DAPS parked ${parked} that came while a pod was draining; the broker gave them to another pod.`
      : "";
    return `${SIDE_NAMES[side.side]}: ${headline(side).words}.${more}`;
  });
  return [
    subtitle(model),
    "A timeline: a lane for each container of the old and the new pods, and one for each " +
    "message, from its publishing until it was acknowledged or lost. The same messages went to a worker without DAPS, " +
    "above, and to one with it, below.",
    ...sides,
  ].join(" ");
}
