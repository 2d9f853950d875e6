/** The scenarios of a rolling restart. @module */
import { MODE_IDS } from "./modes.ts";
import type { Scenario } from "./scenario.ts";

const REPLICAS = [1, 2, 5] as const;
/** 0: unlimited, which is Dapr's default. */
const PREFETCH = [1, 10, 0] as const;

export interface Rollout extends Scenario {
  readonly replicas: number;
  readonly prefetch: number;
  readonly maxUnavailable: string;
}

const ROLLOUT = { group: "Rollout", test: "scale/rollout.test.ts" } as const;

/** A Latin square: each mode meets each number of replicas and each prefetch once in a default run. */
export const ROLLOUTS: Readonly<Record<string, Rollout>> = Object.fromEntries([
  ...REPLICAS.flatMap((replicas, row) =>
    PREFETCH.map((prefetch, column): [string, Rollout] => [`rollout-${replicas}-${prefetch}`, {
      ...ROLLOUT,
      title: `${replicas} replica${replicas > 1 ? "s" : ""}, prefetch ${prefetch === 0 ? "unlimited" : prefetch}`,
      usual: [MODE_IDS[(row + column) % MODE_IDS.length] ?? "nn"],
      replicas,
      prefetch,
      maxUnavailable: "0",
    }])
  ),
  ["rollout-all", {
    ...ROLLOUT,
    title: "3 replicas, maxUnavailable 100 %",
    usual: ["nn"],
    replicas: 3,
    prefetch: 10,
    maxUnavailable: "100%",
  }],
]);
