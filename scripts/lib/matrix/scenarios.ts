/**
 * The conservation matrix: every way a pod starts, stops, crashes and scales, and where each is tried.
 *
 * A scenario runs in modes, which say whether daprd and DAPS are ordinary containers or native sidecars.
 * `./scripts/test lifecycle` tries each in its usual modes, with `--all` in all of its modes; `./scripts/test e2e` those
 * of its lanes in their usual ones.
 *
 * @module
 */
import { MODE_IDS, type ModeId } from "./modes.ts";
import { ROLLOUTS } from "./rollouts.ts";
import type { Scenario } from "./scenario.ts";

const OTHERS = {
  "scale-in": {
    group: "Scale-in and KEDA",
    title: "kubectl scale from 5 to 1 under load",
    test: "scale/scale-in.test.ts",
    usual: ["oo", "nn"],
  },
  "keda": {
    group: "Scale-in and KEDA",
    title: "KEDA from none to several to none, three cycles",
    test: "scale/keda.test.ts",
    usual: ["on", "nn"],
  },
  "node-drain": {
    group: "Node drain and eviction",
    title: "kubectl drain with a PodDisruptionBudget",
    test: "scale/node.test.ts",
    usual: ["nn"],
  },
  "eviction": {
    group: "Node drain and eviction",
    title: "eviction by the API",
    test: "scale/node.test.ts",
    usual: ["oo"],
  },
  "node-pressure": {
    group: "Node drain and eviction",
    title: "eviction by the kubelet, which gives no time: a limit",
    test: "scale/node.test.ts",
    usual: ["on"],
  },
  "app-killed": {
    group: "Restarts inside a living pod",
    title: "the app killed ten times under load",
    test: "crash/crash.test.ts",
    usual: ["oo", "nn"],
  },
  "app-oom": {
    group: "Restarts inside a living pod",
    title: "the app out of memory, three times",
    test: "crash/app.test.ts",
    usual: ["oo"],
  },
  "app-liveness": {
    group: "Restarts inside a living pod",
    title: "the app's liveness failing, three times",
    test: "crash/app.test.ts",
    usual: ["oo"],
  },
  "daps-term": {
    group: "Restarts inside a living pod",
    title: "DAPS ended by SIGTERM, five times",
    test: "crash/daps.test.ts",
    usual: ["oo"],
  },
  "daps-stop": {
    group: "Restarts inside a living pod",
    title: "DAPS's liveness failing (its preStop alone), five times",
    test: "crash/daps.test.ts",
    usual: ["nn"],
  },
  "daps-kill": {
    group: "Restarts inside a living pod",
    title: "DAPS killed five times, failures requeued: by Dapr's default a limit",
    test: "crash/daps.test.ts",
    usual: ["on"],
  },
  "daprd-killed": {
    group: "Restarts inside a living pod",
    title: "daprd killed three times under load",
    test: "faults/daprd.test.ts",
    usual: ["oo", "nn"],
  },
  "raw": {
    group: "Kinds of work",
    title: "pub/sub with rawPayload, rolling restarts",
    test: "kinds/kinds.test.ts",
    usual: ["on"],
  },
  "bulk": {
    group: "Kinds of work",
    title: "bulk subscription, rolling restarts",
    test: "kinds/kinds.test.ts",
    usual: ["oo"],
  },
  "self": {
    group: "Kinds of work",
    title: "messages whose work ends with a call of the app to itself, rolling restarts",
    test: "kinds/kinds.test.ts",
    usual: ["nn"],
  },
  "binding": {
    group: "Kinds of work",
    title: "an input binding, rolling restarts",
    test: "kinds/kinds.test.ts",
    usual: ["oo"],
  },
  "resiliency": {
    group: "Kinds of work",
    title: "pub/sub under a Resiliency policy, rolling restarts",
    test: "kinds/kinds.test.ts",
    usual: ["on"],
  },
  "dead-letter": {
    group: "Kinds of work",
    title: "pub/sub with a dead-letter topic, rolling restarts",
    test: "kinds/kinds.test.ts",
    usual: ["nn"],
  },
  "h2c": {
    group: "Kinds of work",
    title: "app-protocol h2c, rolling restarts",
    test: "drain/h2c.test.ts",
    usual: ["oo", "nn"],
  },
  "grpc": {
    group: "Kinds of work",
    title: "app-protocol grpc, rolling restarts",
    test: "grpc/rollout.test.ts",
    usual: ["oo", "nn"],
    modes: ["oo", "nn"],
  },
  "busy-only": {
    group: "Kinds of work",
    title: "work that shows only in the busy endpoint, its pod deleted",
    test: "drain/work.test.ts",
    usual: ["nn"],
  },
  "streaming": {
    group: "Kinds of work",
    title:
      "a streaming subscription, which only the busy endpoint shows, of an app that exits on SIGTERM; its pod deleted",
    test: "kinds/streaming.test.ts",
    usual: ["nn"],
  },
  "invocation": {
    group: "Kinds of work",
    title: "steady service invocation, rolling restarts",
    test: "kinds/invocation.test.ts",
    usual: ["oo", "nn"],
  },
  "long-unset": {
    group: "Long work",
    title: "three minutes across a rollout, graceful-shutdown-seconds unset",
    test: "kinds/long.test.ts",
    usual: ["nn"],
  },
  "long-0": {
    group: "Long work",
    title: "three minutes across a rollout, graceful-shutdown-seconds 0",
    test: "kinds/long.test.ts",
    usual: ["oo"],
  },
  "long-120": {
    group: "Long work",
    title: "three minutes across a rollout, graceful-shutdown-seconds 120",
    test: "kinds/long.test.ts",
    usual: ["on"],
  },
  "late": {
    group: "The app's own shutdown",
    title: "an app that uses Dapr for 10 s after its port is closed: what it publishes",
    test: "ending/late.test.ts",
    usual: ["oo", "on", "nn"],
  },
  "grace-short": {
    group: "Grace period",
    title: "shorter than the work: let go in order, done by another pod",
    test: "drain/forced.test.ts",
    usual: ["oo", "nn"],
    modes: ["oo", "nn"],
  },
  "grace-cut": {
    group: "Grace period",
    title: "cut short by whoever deletes the pod",
    test: "drain/forced.test.ts",
    usual: ["on", "nn"],
    modes: ["on", "nn"],
  },
  "grace-raised": {
    group: "Grace period",
    title: "of 6 s, raised by min-grace-period for work of 15 s",
    test: "ending/grace.test.ts",
    usual: ["oo", "nn"],
  },
  "grace-again": {
    group: "Grace period",
    title: "a deletion repeated with 6 s, in a drain that had 90 s",
    test: "ending/grace.test.ts",
    usual: ["oo", "on", "nn"],
  },
  "grace-restart": {
    group: "Grace period",
    title: "a deletion in a restart of the app alone",
    test: "ending/grace.test.ts",
    usual: ["oo", "nn"],
  },
  "begins": {
    group: "Grace period",
    title: "pods deleted while they begin, at seventeen moments of the first two seconds",
    test: "gate/beginning.test.ts",
    usual: ["oo", "on", "nn"],
  },
  "hook-get": {
    group: "Hooks and probes of the user's own",
    title: "a preStop that is an httpGet: called after the work, before SIGTERM",
    test: "ending/hooks.test.ts",
    usual: ["oo", "nn"],
  },
  "hook-sleep": {
    group: "Hooks and probes of the user's own",
    title: "a preStop that sleeps: after the work, before SIGTERM",
    test: "ending/hooks.test.ts",
    usual: ["on", "nn"],
  },
  "hook-exec": {
    group: "Hooks and probes of the user's own",
    title: "a preStop that is an exec: it stays, and Dapr goes when the app is gone",
    test: "ending/hooks.test.ts",
    usual: ["oo", "nn"],
  },
  "probes": {
    group: "Hooks and probes of the user's own",
    title: "postStart, and probes of the app's port",
    test: "ending/hooks.test.ts",
    usual: ["oo", "nn"],
  },
  "stateful-set": {
    group: "Hooks and probes of the user's own",
    title: "a StatefulSet scaled from 3 to 1: pod by pod, each when its work is done",
    test: "ending/hooks.test.ts",
    usual: ["oo", "nn"],
  },
  "job": {
    group: "Jobs",
    title: "a Job whose app ends: what it publishes, and whether the Job completes",
    test: "ending/jobs.test.ts",
    usual: ["oo", "on", "nn"],
  },
  "broker-restarted": {
    group: "Faults around",
    title: "the broker killed and started again in the midst of a drain",
    test: "faults/broker.test.ts",
    usual: ["on", "nn"],
  },
  "broker-gone": {
    group: "Faults around",
    title: "the broker gone for 30 s under load",
    test: "faults/broker.test.ts",
    usual: ["oo"],
  },
  "apiserver-gone": {
    group: "Faults around",
    title: "the API server unreachable during a drain",
    test: "faults/control-plane.test.ts",
    usual: ["oo", "nn"],
  },
  "sentry-restarted": {
    group: "Faults around",
    title: "Dapr's sentry restarted in a rollout",
    test: "faults/control-plane.test.ts",
    usual: ["on"],
  },
  "webhook-killed": {
    group: "Faults around",
    title: "a replica of the webhook killed in a rollout of 50 pods",
    test: "faults/webhook.test.ts",
    usual: ["nn"],
    modes: ["nn"],
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioId = keyof typeof OTHERS | (string & Record<never, never>);

export const SCENARIOS: Readonly<Record<string, Scenario>> = { ...ROLLOUTS, ...OTHERS };

/** @throws {RangeError} for an id that no scenario has */
export function scenario(id: ScenarioId): Scenario {
  const found = SCENARIOS[id];
  if (found === undefined) throw new RangeError(`Cannot find a scenario as none has that id: received ${id}`);
  return found;
}

/** The modes in which a scenario is tried, in a default run or in one of everything. */
export function modesOf(id: ScenarioId, all: boolean): readonly ModeId[] {
  const { usual, modes = MODE_IDS } = scenario(id);
  return all ? modes : usual;
}
