/**
 * What shows only in a pod that runs: its annotations, its permissions, and that it starts within a namespace's limits.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { WorkerDeployment } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";

const TIMEOUT_MS = 180_000;
const NAMESPACE = "running";

const lab = await openSharedLab();
let worker: WorkerDeployment;

const limits = [
  {
    apiVersion: "v1",
    kind: "LimitRange",
    metadata: { name: "limits", namespace: NAMESPACE },
    spec: {
      limits: [{
        type: "Container",
        default: { cpu: "500m", memory: "256Mi" },
        defaultRequest: { cpu: "10m", memory: "64Mi" },
      }],
    },
  },
  {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "quota", namespace: NAMESPACE },
    spec: { hard: { "requests.cpu": "2", "requests.memory": "2Gi", "limits.memory": "4Gi" } },
  },
];

beforeAll(async () => {
  worker = await WorkerDeployment.deploy(lab, {
    namespace: NAMESPACE,
    // A bad value, a preStop that DAPS can't carry out, and a container beside the app.
    daps: { "ready-path": "/healthz", settle: "soon" },
    replicas: 1,
    wait: false,
    spec(spec) {
      const [app] = spec.containers;
      if (app) app["lifecycle"] = { preStop: { exec: { command: ["deno", "eval", "0"] } } };
    },
  });
  await lab.cluster.apply(limits);
  await worker.restart();
  await worker.settled();
}, TIMEOUT_MS);

afterAll(async () => {
  await worker.remove();
  await worker[Symbol.asyncDispose]();
}, TIMEOUT_MS);

const pod = () =>
  worker.pods.until(
    ({ ready }) =>
      ready.findLast(({ spec }) => spec?.containers.every(({ resources }) => resources?.requests?.["memory"])),
    {
      what: "a Ready pod within the limits",
      timeoutMs: TIMEOUT_MS,
    },
  );

test("a Deployment's pod carries the warnings that its controller swallows", async () => {
  const annotations = (await pod()).metadata?.annotations ?? {};
  expect(annotations["daps.io/status"]).toBe("injected");
  const warnings = annotations["daps.io/warnings"]?.split("\n") ?? [];
  expect(warnings).toEqual([
    expect.stringMatching(/annotation daps\.io\/settle.*a duration.*received "soon".*\[bad-value\]/),
    expect.stringMatching(/Container app keeps its own preStop.*\[app-exec-hook\]/),
  ]);
});

test("it starts within a LimitRange and a ResourceQuota, with the resources of the settings", async () => {
  const { spec } = await pod();
  const daps = [...spec?.initContainers ?? [], ...spec?.containers ?? []].find(({ name }) => name === "daps");
  expect(daps?.resources).toMatchObject({ requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "192Mi" } });
});

test("no service-account token is readable in daps", async () => {
  const name = (await pod()).metadata?.name ?? "";
  const list = (container: string) =>
    lab.cluster.kubectl([
      ...["exec", name, "-n", NAMESPACE, "-c", container, "--", "deno", "eval", "--no-config"],
      'console.log([...Deno.readDirSync("/var/run/secrets/kubernetes.io/serviceaccount")].map((e) => e.name).sort().join(" "))',
    ]);
  // The app's shows that the look is at the right place.
  expect(await list("app")).toContain("token");
  expect((await list("daps")).trim()).toBe("");
});

test("its admin port refuses a hook without the pod's token", async () => {
  const { status } = await pod();
  const response = await fetch(`http://${status?.podIP}:9697/hooks/app`);
  expect(response.status).toBe(403);
  const state = await fetch(`http://${status?.podIP}:9697/status`).then((answer) => answer.json());
  expect(state).toMatchObject({ phase: "serving", deadline: null });
});

test("its permissions are enough for Linux's own sockets, and for the kernel's table of connections", async () => {
  const { metadata } = await pod();
  const log = await lab.cluster.kubectl(["logs", metadata?.name ?? "", "-n", NAMESPACE, "-c", "daps"]);
  const [first = "{}"] = log.split("\n");
  expect(JSON.parse(first)).toMatchObject({ sockets: "epoll", seesConnections: true });
});
