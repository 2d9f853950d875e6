/**
 * A Job under Dapr completes: with a native daprd by the kubelet, with an ordinary one because DAPS ends daprd when the
 * app has ended. Under Dapr alone it never does.
 */
import { BatchV1Api, type V1Job } from "@kubernetes/client-node";
import type { V1ContainerStatus } from "@kubernetes/client-node";
import { describe, test } from "vitest";
import { containers, polled } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";
import { FollowedLog } from "../support/logs.ts";
import { record } from "../support/matrix.ts";
import { MIXED, type Mode, MODES, NATIVE, ORDINARY } from "../support/modes.ts";
import { APP, Scene, type TemplateOptions } from "./support/scene.ts";

const TIMEOUT_MS = 180_000;
const CALLS = 3;

const lab = await openSharedLab();

interface JobOptions extends Omit<TemplateOptions, "env"> {
  readonly exitCode?: number;
  /** To Dapr, half a second apart. */
  readonly calls?: number;
  readonly restartPolicy?: "Never" | "OnFailure";
}

function jobSpec(
  scene: Scene,
  { exitCode = 0, calls = CALLS, restartPolicy = "Never", ...options }: JobOptions,
): object {
  const env = { CALLS_WHEN: "started", CALLS: String(calls), EXIT_CODE: String(exitCode) };
  return { backoffLimit: 0, template: scene.template({ ...options, env, spec: { restartPolicy } }) };
}

async function startJob(scene: Scene, options: JobOptions): Promise<void> {
  await scene.apply({ apiVersion: "batch/v1", kind: "Job", spec: jobSpec(scene, options) });
}

/** Waits until the one Job of a namespace is Complete or Failed, and says which. */
async function ended({ namespace, pods }: Scene): Promise<string> {
  const api = lab.kube.makeApiClient(BatchV1Api);
  let job: V1Job | undefined;
  const look = async () => {
    [job] = (await api.listNamespacedJob({ namespace })).items;
    return job?.status?.conditions?.find(({ type, status }) =>
      status === "True" && (type === "Complete" || type === "Failed")
    )?.type;
  };
  const seen = () => `${JSON.stringify(job?.status)}; ${pods.seen()}`;
  return await polled(look, seen, { what: `the Job of ${namespace} to end`, timeoutMs: TIMEOUT_MS });
}

/** The exit code of each container of the one pod. */
function exitCodes({ pods }: Scene): Record<string, number | undefined> {
  const last = pods.changes.findLast(({ pod }) => containers(pod).length > 0);
  const code = ({ state }: V1ContainerStatus) => state?.terminated?.exitCode;
  return Object.fromEntries(last === undefined ? [] : containers(last.pod).map((one) => [one.name, code(one)]));
}

const appEnded = (scene: Scene) =>
  scene.pods.until(
    ({ now: [pod] }) => pod && containers(pod).find(({ name, state }) => name === APP && state?.terminated),
    { what: "the app to end", timeoutMs: TIMEOUT_MS },
  );

describe.concurrent("a Job", () => {
  const cases = MODES.flatMap((mode) => [{ mode, exitCode: 0 }, { mode, exitCode: 3 }]);
  test.for(cases)(
    "whose app exits with $exitCode ends with that: $mode.title",
    async ({ mode, exitCode }, { expect }) => {
      await using scene = await Scene.make(lab, `job-${exitCode}-${mode.id}`);
      await startJob(scene, { mode, exitCode });
      expect(await ended(scene)).toBe(exitCode === 0 ? "Complete" : "Failed");
      const codes = exitCodes(scene);
      expect(codes[APP]).toBe(exitCode);
      // Of native sidecars the kubelet does not mind the exit code.
      if (!mode.native) expect(codes["daprd"]).toBe(0);
      if (mode === ORDINARY) expect(codes["daps"]).toBe(0);
      await scene.publishedAll(CALLS);
      if (exitCode === 0) await record("job", mode.id, { published: CALLS, lost: 0, completed: 1 });
      await scene.remove();
    },
  );

  test("never ends under Dapr alone: its pod still runs when one with DAPS that began later has ended", async ({ expect }) => {
    await using alone = await Scene.make(lab, "job-alone");
    await using beside = await Scene.make(lab, "job-beside");
    await startJob(alone, { mode: "alone" });
    await appEnded(alone);
    await startJob(beside, { mode: MIXED });
    expect(await ended(beside)).toBe("Complete");
    const [pod] = alone.pods.now;
    expect(pod?.status?.phase).toBe("Running");
    expect(exitCodes(alone)).toEqual({ [APP]: 0, daprd: undefined });
    await alone.publishedAll(CALLS);
    await record("job", "alone", { published: CALLS, lost: 0, completed: 0 });
    await Promise.all([alone.remove(), beside.remove()]);
  });

  test("of a CronJob ends, too", async ({ expect }) => {
    await using scene = await Scene.make(lab, "job-cron");
    await scene.apply({
      apiVersion: "batch/v1",
      kind: "CronJob",
      spec: {
        schedule: "* * * * *",
        concurrencyPolicy: "Forbid",
        jobTemplate: { spec: jobSpec(scene, { mode: ORDINARY }) },
      },
    });
    expect(await ended(scene)).toBe("Complete");
    await scene.remove();
  });

  const kept: readonly { mode: Mode; injected: boolean }[] = [{ mode: ORDINARY, injected: false }, {
    mode: NATIVE,
    injected: true,
  }];
  test.for(kept)(
    "with restartPolicy OnFailure has DAPS only if daprd is native, and else a warning: $mode.title",
    async ({ mode, injected }, { expect }) => {
      await using scene = await Scene.make(lab, `job-onfailure-${mode.id}`);
      await startJob(scene, { mode, restartPolicy: "OnFailure" });
      const { exitCode } = (await appEnded(scene)).state?.terminated ?? {};
      expect(exitCode).toBe(0);
      const [pod] = scene.pods.now;
      expect(pod && containers(pod).some(({ name }) => name === "daps")).toBe(injected);
      const said = pod?.metadata?.annotations?.["daps.io/warnings"];
      if (injected) {
        expect(said).toBeUndefined();
        expect(await ended(scene)).toBe("Complete");
      } else expect(said).toMatch(/restartPolicy OnFailure never completes .*enable-native-sidecar.* \[not-injected\]/);
      await scene.remove();
    },
  );

  test("that is deleted while its app is at work drains like any other pod", async ({ expect }) => {
    await using scene = await Scene.make(lab, "job-deleted");
    await startJob(scene, { mode: MIXED, calls: 1000 });
    const pod = await scene.pods.until(({ ready: [pod] }) => pod?.metadata?.name, {
      what: "the pod to be ready",
      timeoutMs: TIMEOUT_MS,
    });
    const log = await FollowedLog.follow(lab, scene.namespace, pod, "daps");
    await lab.cluster.kubectl(["delete", "job", APP, `--namespace=${scene.namespace}`, "--wait=false"]);
    await scene.pods.gone(pod, TIMEOUT_MS);
    const end = await log.until(() => log.line(/→ gone/), { what: "the end of DAPS", timeoutMs: 30_000 });
    expect(end.fields).toMatchObject({ reason: "daprd is gone" });
    await scene.remove();
  });
});
