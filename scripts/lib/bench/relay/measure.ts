/**
 * The rounds: every peer in turn, so that what the machine does meanwhile comes upon all alike. Latency differs with
 * the minute, by the sleep states of the processors, more than between peers: its turns are short and many.
 * @module
 */
import { progress } from "../../toolchain/index.ts";
import { start } from "./children.ts";
import { withDisturbance } from "./disturbance.ts";
import type { Figures, Results, Section } from "./figures.ts";
import { APP_PORT, type Peer } from "./peers.ts";
import type { Programs } from "./programs.ts";
import { afterRequests, pacedVisit, type Plan, startMs, visit } from "./visit.ts";

export type Measurement = {
  readonly sections: readonly Section[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly plans: Readonly<Record<Section, Plan>>;
};

export async function measure(
  { sections, peers, rounds, plans }: Measurement,
  programs: Programs,
): Promise<{ readonly results: Results; readonly others: readonly number[] }> {
  await using app = await start({ program: programs.backend, args: [String(APP_PORT)] }, APP_PORT);
  const results: Partial<Record<Section, Partial<Record<Peer, Figures[]>>>> = {};
  const others: number[] = [];
  const add = async (what: string, section: Section, peer: Peer, action: () => Promise<Figures>) => {
    const visited = await progress(`${what}, ${section}, ${peer}`, () => withDisturbance([app.pid], action));
    ((results[section] ??= {})[peer] ??= []).push(visited.result);
    others.push(visited.others);
  };
  // The other way round every other time: what one leaves behind must not always meet the same one.
  const inTurn = (turn: number) => turn % 2 === 1 ? peers : peers.toReversed();
  for (let round = 1; round <= rounds; round++) {
    const what = `round ${round} of ${rounds}`;
    for (const section of sections) {
      const plan = plans[section];
      for (const peer of inTurn(round)) {
        await add(what, section, peer, () => visitWithStart(peer, section, plan, programs));
      }
      for (let turn = 1; turn <= plan.turns; turn++) {
        for (const peer of inTurn(round + turn)) {
          await add(`${what}, paced`, section, peer, () => pacedVisit(peer, plan, programs));
        }
      }
    }
  }
  for (const section of sections) {
    const plan = plans[section];
    const { requests } = plan;
    if (requests === null) continue;
    for (const peer of peers.filter((peer) => peer !== "direct")) {
      await add(`${requests} requests`, section, peer, () => afterRequests(peer, requests, plan, programs));
    }
  }
  return { results, others };
}

async function visitWithStart(peer: Peer, section: Section, plan: Plan, programs: Programs): Promise<Figures> {
  const figures = await visit(peer, plan, programs);
  if (section !== "relay" || (peer !== "daps_deno" && peer !== "daps_node")) return figures;
  return { ...figures, start_ms: await startMs(peer === "daps_deno" ? "deno" : "node", programs) };
}
