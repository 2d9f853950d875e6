/**
 * Pods of every shape, as DAPS changes them: the API server takes them (a dry run on the server's side).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { admit } from "../../../services/core/admission/admit.ts";
import { type Pod, readPod } from "../../../services/core/admission/pod.ts";
import { type Cluster, openCluster } from "../../../scripts/lib/cluster/index.ts";
import { CASES, NAMESPACES, surroundings } from "../../../scripts/lib/fixtures/cases.ts";
import { admitPod, configIn, dapsOf, OPTIONS, TOKEN, WITHOUT_NATIVE } from "../../fixtures/admitting.ts";
import { containersOf, FIXTURES, podOf, review } from "../../fixtures/pods.ts";

const TIMEOUT_MS = 120_000;
/** Where the installed DAPS has its say; in the namespaces of the recording it has none. */
const SERVED = { plain: "shapes", limited: "shapes-limited" };
// Every container that is not as the strictest standard wants it is named in a warning.
const LABELS = { "pod-security.kubernetes.io/warn": "restricted" };
const objects = [
  ...surroundings(NAMESPACES, { ...LABELS, "daps.io/injection": "disabled" }),
  ...surroundings(SERVED, LABELS),
];

let cluster: Cluster;

beforeAll(async () => {
  cluster = await openCluster();
  await cluster.apply(objects);
  for (const namespace of [...Object.values(NAMESPACES), ...Object.values(SERVED)]) {
    await cluster.kubectl(["wait", "serviceaccount/default", "--for=create", "--timeout=60s", "-n", namespace]);
  }
}, TIMEOUT_MS);

afterAll(async () => {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await cluster.kubectl(["delete", "--ignore-not-found", "--wait=false", "-f", "-"], { input });
}, TIMEOUT_MS);

/** What the API server would make of a pod, and what it says to whoever creates it. */
async function created(pod: object, namespace: string): Promise<{ pod: Pod; warnings: string[] }> {
  const { stdout, stderr } = await cluster.run(
    "kubectl",
    ["create", "--dry-run=server", "--output=json", `--namespace=${namespace}`, "-f", "-"],
    { input: JSON.stringify(pod) },
  );
  const read = readPod(JSON.parse(stdout));
  if (!read) throw new TypeError(`Cannot read the pod that kubectl created: received ${stdout.slice(0, 200)}`);
  return { pod: read, warnings: stderr.split("\n").filter((line) => line.startsWith("Warning: ")) };
}

/** Of Pod Security's warnings, which name containers in quotes. */
const aboutDaps = (warnings: readonly string[]) =>
  warnings.filter((warning) => warning.includes("PodSecurity") && /containers? [^)]*"daps"/.test(warning));

const mounts = (pod: Pod) => (dapsOf(pod)["volumeMounts"] as { name: string }[]).map(({ name }) => name);

describe.each([["native", OPTIONS], ["ordinary", WITHOUT_NATIVE]])(
  "with DAPS %s, the API server takes",
  (_, options) => {
    it.each(FIXTURES)("%s", async (name) => {
      const admitted = admitPod(podOf(name), options);
      const { pod, warnings } = await created(admitted.pod, podOf(name)["metadata"]?.["namespace"] as string);
      expect(aboutDaps(warnings)).toEqual([]);
      if (!admitted.injected) return;
      expect(containersOf(pod).map((container) => container.name)).toEqual(
        containersOf(admitted.pod).map((container) => container.name),
      );
      expect(mounts(pod)).toEqual(["daps-no-token"]);
      expect(configIn(pod)).toEqual(configIn(admitted.pod));
      // And DAPS, asked once more, has nothing to add.
      expect(admitPod(pod, options, "another token").operations).toEqual([]);
    });
  },
);

describe("the installed DAPS", () => {
  const pods = CASES.filter(({ object }) => object.kind === "Pod");

  it.each(pods.map(({ name }) => name))("serves %s as the core alone would, and says the same", async (name) => {
    const { object, namespace } = CASES.find((one) => one.name === name) ?? {};
    const metadata = { ...object?.["metadata"] as object, namespace: undefined };
    const { pod, warnings } = await created(
      { ...object, metadata },
      namespace === NAMESPACES.limited ? SERVED.limited : SERVED.plain,
    );
    const expected = admit(review(name), OPTIONS, TOKEN);
    if (expected.kind !== "answered") throw new TypeError(expected.message);
    const { response } = expected.review as { response: { warnings?: string[] } };
    expect(warnings.filter((line) => line.startsWith("Warning: daps: "))).toEqual(
      (response.warnings ?? []).map((line) => `Warning: ${line}`),
    );
    expect(aboutDaps(warnings)).toEqual([]);
    expect(containersOf(pod).some((container) => container.name === "daps")).toBe(expected.injected);
    if (!expected.injected) return;
    const planned = admitPod(podOf(name)).pod;
    expect(configIn(pod)).toEqual(configIn(planned));
    expect(mounts(pod)).toEqual(["daps-no-token"]);
    expect(containersOf(pod).map((container) => container.name)).toEqual(
      containersOf(planned).map((container) => container.name),
    );
    expect(admitPod(pod, OPTIONS, "another token").operations).toEqual([]);
  });
});
