/**
 * What shows that nothing is lost, for the demo, the bench and the end-to-end tests: a worker on a real cluster, a
 * ledger outside its pods, a broker that can be asked, and the account of all messages.
 *
 * ```ts
 * await using lab = await openLab();
 * await using worker = await WorkerDeployment.deploy(lab, { namespace: "drain", daps: { "ready-path": READY_PATH } });
 * await worker.publish(schedule({ messages: 10, perSecond: 3, workMs: { min: 2000, max: 8000 }, seed: 1 }));
 * await worker.restart();
 * await worker.settled();
 * await worker.finished();
 * expect(worker.account()).toEqual({ published: 10, lost: 0, cutOff: 0, repeated: 0, early: 0 });
 * await worker.remove();
 * ```
 *
 * @module
 */
export { type Account, account, flawless, lostMessages, unexplainedRepeats } from "./account.ts";
export { Broker, type Depth } from "./broker.ts";
export { deleteNamespace, type Lab, openLab } from "./lab.ts";
export { type EventOf, Ledger } from "./ledger.ts";
export {
  type ComponentOptions,
  type PodSpec,
  PUBSUB,
  READY_PATH,
  WORKER_PORT,
  type WorkerNames,
  type WorkerOptions,
} from "./manifests.ts";
export { containerNames, containers, type PodChange, Pods } from "./pods.ts";
export { anySeed, type Random, seeded } from "./random.ts";
export { type Message, schedule, type ScheduleOptions } from "./schedule.ts";
export { type Found, polled, type UntilOptions } from "./waiting.ts";
export { type DeleteOptions, type DeployOptions, WorkerDeployment } from "./worker-deployment.ts";
export type { Happening, WorkerEvent } from "../worker/worker.ts";
