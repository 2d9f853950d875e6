/**
 * Rolling restarts under each kind of work that comes to the app by Dapr, beside plain pub/sub.
 */
import { describe, test } from "vitest";
import type { ScenarioId } from "../../../scripts/lib/matrix/scenarios.ts";
import { type DeployOptions, PUBSUB } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { type Load, underLoad } from "../support/load.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const RESTARTS = 2;
const TIMEOUT_MS = 240_000;
const load: Load = { perSecond: 3, workMs: { min: 1000, max: 4000 }, seed: 161 };
/** RabbitMQ's binding hands over one message after the other. */
const ONE_BY_ONE: Load = { ...load, perSecond: 0.6 };

const lab = await openSharedLab();

/** As a user has one: retries for what comes in, and no time-out, which would end what is parked. */
const policy = (namespace: string) => ({
  apiVersion: "dapr.io/v1alpha1",
  kind: "Resiliency",
  metadata: { name: "retries", namespace },
  spec: {
    policies: { retries: { again: { policy: "constant", duration: "1s", maxRetries: 5 } } },
    targets: { components: { [PUBSUB]: { inbound: { retry: "again" } } } },
  },
});

const KINDS: Readonly<Partial<Record<ScenarioId, (namespace: string) => Omit<DeployOptions, "namespace" | "daps">>>> = {
  "binding": () => ({ subscribe: "binding" }),
  "resiliency": (namespace) => ({ beside: [policy(namespace)] }),
  "raw": () => ({ subscription: { metadata: { rawPayload: "true" } } }),
  "bulk": () => ({
    subscription: { bulkSubscribe: { enabled: true, maxMessagesCount: 5, maxAwaitDurationMs: 500 } },
  }),
  "self": () => ({ env: { SELF_URL: "http://127.0.0.1:3500/v1.0/invoke/worker/method/call?ms=300" } }),
  "dead-letter": (namespace) => ({ deadLetterTopic: dead(namespace) }),
};

const dead = (namespace: string) => `${namespace}-dead`;

describe.concurrent("rolling restarts", () => {
  test.for(cases("raw", "bulk", "dead-letter", "resiliency", "binding", "self"))(
    "$title",
    async ({ id, mode }, { expect }) => {
      const options = withDaps(mode, id);
      const letters = dead(options.namespace);
      await lab.broker.declare(letters, letters);
      const { forced, ...account } = await underLoad(lab, {
        options: { ...options, ...KINDS[id]?.(options.namespace) },
        load: id === "binding" ? ONE_BY_ONE : load,
        act: async (worker) => {
          for (let restart = 0; restart < RESTARTS; restart++) {
            await worker.restart();
            await worker.settled();
          }
        },
        timeoutMs: TIMEOUT_MS,
      });
      const { ready: deadLetters } = await lab.broker.depth(letters);
      await lab.broker.remove(letters, letters);
      await record(id, mode.id, { ...account, ...id === "dead-letter" ? { "dead letters": deadLetters } : {} });
      expect({ ...account, forced, deadLetters }).toMatchObject({
        ...{ lost: 0, cutOff: 0, repeated: 0, early: 0 },
        ...{ forced: 0, deadLetters: 0 },
      });
    },
  );
});
