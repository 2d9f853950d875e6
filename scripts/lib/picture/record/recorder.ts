/**
 * Records a rollout of both sides while it happens.
 *
 * @module
 */
import type { Lab, WorkerDeployment } from "../../proof/index.ts";
import type { Recording, RolloutEvent, SideName } from "../recording.ts";
import { assemble } from "./assemble.ts";
import { Firehose } from "./firehose.ts";
import { LogFollower } from "./follow.ts";

const SIDECARS = ["daps", "daprd"];
const GONE_TIMEOUT_MS = 120_000;

export class RolloutRecorder implements AsyncDisposable {
  readonly #sides: Readonly<Record<SideName, WorkerDeployment>>;
  readonly #firehose: Firehose;
  readonly #logs: Readonly<Record<SideName, LogFollower>>;
  readonly #rollouts: Partial<Record<SideName, number>> = {};

  private constructor(lab: Lab, sides: Readonly<Record<SideName, WorkerDeployment>>, firehose: Firehose) {
    const follow = ({ pods, names }: WorkerDeployment) => new LogFollower(lab.kube, pods, names.namespace, SIDECARS);
    this.#sides = sides;
    this.#firehose = firehose;
    this.#logs = { alone: follow(sides.alone), daps: follow(sides.daps) };
  }

  /** To be called before anything is published. */
  static async start(lab: Lab, sides: Readonly<Record<SideName, WorkerDeployment>>): Promise<RolloutRecorder> {
    return new RolloutRecorder(lab, sides, await Firehose.open(lab.cluster.env));
  }

  /** To be called when the rolling restart of a side is asked for. */
  rollout(side: SideName): void {
    this.#rollouts[side] ??= Date.now();
  }

  /** Waits until the pods that were told to go are gone, as the picture shows their end. */
  async recording(head: Omit<Recording, "version" | "sides">): Promise<Recording> {
    await Promise.all(
      Object.values(this.#sides).map(({ pods }) =>
        pods.until(() => pods.now.every(({ metadata }) => !metadata?.deletionTimestamp), {
          what: "the old pods to be gone",
          timeoutMs: GONE_TIMEOUT_MS,
        })
      ),
    );
    const sides = { alone: this.#events("alone"), daps: this.#events("daps") };
    const origin = Math.min(
      ...Object.values(sides).flat().filter(({ kind }) => kind === "published").map(({ at }) => at),
    );
    const shifted = (events: readonly RolloutEvent[]) =>
      events.map((event): RolloutEvent => ({ ...event, at: Math.round(event.at - origin) }));
    return { version: 1, ...head, sides: { alone: shifted(sides.alone), daps: shifted(sides.daps) } };
  }

  #events(name: SideName): RolloutEvent[] {
    const { names, published, pods, ledger } = this.#sides[name];
    return assemble({
      names,
      published,
      changes: pods.changes,
      told: ledger.events,
      passages: this.#firehose.passages,
      logs: this.#logs[name].lines,
      rolloutAt: this.#rollouts[name],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Object.values(this.#logs).forEach((follower) => follower[Symbol.dispose]());
    await this.#firehose[Symbol.asyncDispose]();
  }
}
