/**
 * A drain that runs out of time lets go in order, says what was still running, and the message is done by another pod.
 */
import { describe, test } from "vitest";
import { containers, schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { FollowedLog } from "../support/logs.ts";
import { record } from "../support/matrix.ts";
import { MIXED, NATIVE, ORDINARY, withDaps } from "../support/modes.ts";

const TIMEOUT_MS = 180_000;
const WORK_MS = 30_000;
const message = schedule({ messages: 1, perSecond: 1, workMs: { min: WORK_MS, max: WORK_MS }, seed: 30 });

const lab = await openSharedLab();

const SHORT = /grace period is about to end/;
const CUT = /SIGTERM while a hook was held/;
const CASES = [
  { mode: ORDINARY, id: "short", grace: 12, given: 12, reason: SHORT },
  { mode: NATIVE, id: "short", grace: 12, given: 12, reason: SHORT },
  { mode: MIXED, id: "cut", grace: 90, given: 8, reason: CUT },
  { mode: NATIVE, id: "cut", grace: 90, given: 8, reason: CUT },
];

describe.concurrent("work of 30 s", () => {
  test.for(CASES)(
    "with a grace period of $grace s, and $given s given on delete: $mode.title",
    async ({ mode, id, grace, given, reason }, { expect }) => {
      await using worker = await WorkerDeployment.deploy(lab, {
        ...withDaps(mode, `forced-${id}`),
        replicas: 2,
        gracePeriodSeconds: grace,
      });
      await worker.publish(message);
      const { pod } = await worker.ledger.until(({ unfinished: [begun] }) => begun, {
        what: "the message to be begun",
        timeoutMs: TIMEOUT_MS,
      });
      const log = await FollowedLog.follow(lab, worker.names.namespace, pod, "daps");
      const address = worker.pods.now.find(({ metadata }) => metadata?.name === pod)?.status?.podIP;
      const gone = worker.delete(pod, { timeoutMs: TIMEOUT_MS, gracePeriodSeconds: given });

      const forced = await log.until((lines) => lines.find(({ fields }) => fields["phase"] === "forced"), {
        what: "the drain to be forced",
        timeoutMs: TIMEOUT_MS,
      });
      expect(forced.fields["reason"]).toMatch(reason);
      // Two seconds before SIGKILL there is no time for a scrape.
      if (reason === SHORT) {
        const metrics = await fetch(`http://${address}:9697/metrics`).then((response) => response.text());
        expect(metrics).toMatch(/^daps_forced_total 1$/m);
      }
      const said = await log.until(() => log.line(/let go before the work was done/), {
        what: "what was still running",
        timeoutMs: TIMEOUT_MS,
      });
      expect(said.fields).toMatchObject({
        level: "warn",
        running: expect.stringMatching(/1 delivery (?:in flight|cut off)/),
      });
      await gone;
      expect(lastWords(worker, pod)).toMatch(
        /^drained in \d.*, 0 finished, \d+ parked, forced: yes \(1 delivery (?:in flight|cut off)/,
      );

      await worker.finished(TIMEOUT_MS);
      expect(worker.account()).toMatchObject({ published: 1, lost: 0, cutOff: 1, repeated: 0 });
      await record(id === "short" ? "grace-short" : "grace-cut", mode.id, { ...worker.account() });
      expect(worker.ledger.of("completed")[0]?.pod).not.toBe(pod);
      await worker.remove();
    },
  );
});

/** The termination message of the pod's DAPS, as the API server was told. */
function lastWords(worker: WorkerDeployment, pod: string): string | undefined {
  return worker.pods.changes.filter((change) => change.pod.metadata?.name === pod)
    .flatMap((change) => containers(change.pod))
    .findLast(({ name, state }) => name === "daps" && state?.terminated)?.state?.terminated?.message;
}
