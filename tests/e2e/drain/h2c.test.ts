/**
 * An app channel that speaks HTTP/2 (`dapr.io/app-protocol: h2c`), with an app that DAPS can ask nothing: streams in
 * flight alone decide its drain.
 */
import { describe, test } from "vitest";
import { schedule, WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { cases, record } from "../support/matrix.ts";

const TIMEOUT_MS = 180_000;
const RESTARTS = 2;
const messages = schedule({ messages: 60, perSecond: 3, workMs: { min: 2000, max: 5000 }, seed: 2 });

const lab = await openSharedLab();

describe.concurrent("rolling restarts of an app that speaks h2c lose, cut off and repeat nothing", () => {
  test.for(cases("h2c"))("$title", async ({ id, mode }, { expect }) => {
    await using worker = await WorkerDeployment.deploy(lab, {
      namespace: `h2c-${mode.id}`,
      native: mode.native,
      // Neither a ready path nor a busy endpoint: these would be asked in HTTP/1.1.
      daps: mode.daps,
      readinessProbe: false,
      dapr: { "app-protocol": "h2c" },
      env: { PROTOCOL: "h2c", BUSY: "404" },
      replicas: 2,
    });
    const published = worker.publish(messages);
    for (let restart = 0; restart < RESTARTS; restart++) {
      await worker.restart();
      await worker.settled();
    }
    await published;
    await worker.finished(TIMEOUT_MS);
    await record(id, mode.id, { ...worker.account() });
    expect(worker.account()).toMatchObject({ published: 60, lost: 0, cutOff: 0, repeated: 0 });
    await worker.remove();
  });
}, TIMEOUT_MS);
