/**
 * KEDA on the length of a RabbitMQ queue, of which it counts only what waits: with all messages in flight it takes
 * every pod away. Three times from none to several (by Kubernetes's own autoscaler, from the metrics adapter) to none.
 */
import { describe, test } from "vitest";
import {
  type Account,
  type DeployOptions,
  polled,
  schedule,
  WorkerDeployment,
} from "../../../scripts/lib/proof/index.ts";
import { withInit } from "../support/init.ts";
import { openSharedLab } from "../support/lab.ts";
import { type Drains, drains } from "../support/load.ts";
import { cases, record } from "../support/matrix.ts";
import { withDaps } from "../support/modes.ts";

const CYCLES = 3;
const MOST = 4;
const TIMEOUT_MS = 240_000;
/** With an init, as KEDA takes away pods that have only begun. */
const AUTOSCALED = { replicas: 0, prefetch: 2, spec: withInit };
/** In seconds, as KEDA has it: after so long without waiting messages it takes all pods away. */
const COOLDOWN = 5;

const lab = await openSharedLab();

function scaledObject({ names: { namespace, app, queue } }: WorkerDeployment, host: string): object {
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: app, namespace },
    spec: {
      scaleTargetRef: { name: app },
      pollingInterval: 1,
      cooldownPeriod: COOLDOWN,
      minReplicaCount: 0,
      maxReplicaCount: MOST,
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: {
            scaleDown: {
              stabilizationWindowSeconds: 0,
              policies: [{ type: "Percent", value: 100, periodSeconds: 5 }],
            },
          },
        },
      },
      triggers: [{
        type: "rabbitmq",
        metadata: { protocol: "amqp", mode: "QueueLength", value: "2", queueName: queue, host },
      }],
    },
  };
}

/**
 * Messages that keep a pod busy for longer than KEDA's cooldown and, after it, an ordinary daprd's 5 s of grace, with
 * some seconds more for a busy machine: the pods that have the last of them are taken away at work.
 */
const messages = (cycle: number) =>
  schedule({ messages: 10, perSecond: 50, workMs: { min: 15_000, max: 18_000 }, seed: 600 + cycle });

async function scaled(options: DeployOptions): Promise<Account & Drains & { most: number }> {
  await using worker = await WorkerDeployment.deploy(lab, { ...options, ...AUTOSCALED });
  await lab.cluster.apply(scaledObject(worker, lab.cluster.env.AMQP_URL));
  let most = 0;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    await worker.publish(messages(cycle));
    await worker.pods.until(({ now }) => now.length > 0, { what: "KEDA to scale out", timeoutMs: TIMEOUT_MS });
    await worker.pods.until(({ now }) => {
      most = Math.max(most, now.length);
      return now.length === 0;
    }, { what: "KEDA to scale to none", timeoutMs: TIMEOUT_MS });
    await worker.finished(TIMEOUT_MS);
  }
  const result = { ...worker.account(), ...drains(worker), most };
  await worker.remove();
  return result;
}

describe.concurrent("KEDA", () => {
  test.for(cases("keda"))("$title", async ({ id, mode }, { expect }) => {
    const { forced, most, ...account } = await scaled(withDaps(mode, id));
    await record(id, mode.id, { ...account, pods: most });
    expect({ ...account, forced }).toMatchObject({ lost: 0, cutOff: 0, repeated: 0, early: 0, forced: 0 });
    expect(most, "the autoscaler made no second pod").toBeGreaterThan(1);
  });

  // Not to its end, which may never come: a message that takes longer than KEDA waits is taken away again and again.
  test("can be seen to fail without DAPS", async ({ expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, { ...AUTOSCALED, namespace: "keda-alone", daps: false });
    await lab.cluster.apply(scaledObject(worker, lab.cluster.env.AMQP_URL));
    await worker.publish(messages(0));
    const again = () => {
      const begun = worker.ledger.of("begun").map(({ message }) => message);
      return begun.length - new Set(begun).size;
    };
    const empty = async () => {
      const { ready, unacknowledged } = await lab.broker.depth(worker.names.queue);
      return ready + unacknowledged === 0 && worker.pods.now.length === 0;
    };
    const over = async () => again() > 0 || await empty();
    await polled(over, () => worker.ledger.seen(), { what: "a message to be begun again", timeoutMs: TIMEOUT_MS });
    const lost = again() > 0 ? 0 : worker.account().lost;
    await record("keda", "alone", { messages: worker.published.length, "begun again": again(), lost });
    expect(again() + lost, "Dapr alone lost or repeated nothing: this test can't see the fault").toBeGreaterThan(0);
    await worker.remove();
  });
});
