import { describe, expect, it } from "vitest";
import type { Reason } from "../../services/core/admission/admit.ts";
import { RELAY_PORT } from "../../services/core/ports.ts";
import { OWN_ANNOTATIONS } from "../../services/core/settings.ts";
import type { WarningId } from "../../services/core/warnings.ts";
import { admitPod, configIn, dapsOf, OPTIONS, withDefaults, WITHOUT_NATIVE } from "../fixtures/admitting.ts";
import { asInSecondPass, containerOf, FIXTURES, podOf, secondPodOf } from "../fixtures/pods.ts";

/** What DAPS says of each recorded pod; those that are not here are injected without a warning. */
const EXPECTED: Readonly<Record<string, { reason?: Reason; ids: WarningId[] }>> = {
  "app-max-concurrency": { ids: ["app-max-concurrency"] },
  "app-ssl": { ids: ["app-tls"] },
  "block-shutdown": { ids: ["block-shutdown"] },
  "host-network": { reason: "host-network", ids: ["not-injected"] },
  "job-on-failure": { reason: "job-on-failure", ids: ["not-injected"] },
  "no-app-port": { reason: "no-app-port", ids: ["not-injected"] },
  "pre-stop-exec": { ids: ["app-exec-hook"] },
  "two-containers-undeclared": { ids: ["no-app-container"] },
};

const expected = (name: string) => ({ reason: "injected", ids: [], ...EXPECTED[name] });
const injected = FIXTURES.filter((name) => expected(name).reason === "injected");

describe.each(FIXTURES)("the recorded pod %s", (name) => {
  it("is injected, or skipped for its reason, and says what it should", () => {
    const { reason, ids, injected } = admitPod(podOf(name));
    expect({ reason, ids }).toEqual(expected(name));
    expect(injected).toBe(reason === "injected");
  });

  it("carries what was done in annotations and label", () => {
    const { pod, reason, warnings } = admitPod(podOf(name));
    const { annotations = {}, labels = {} } = pod.metadata ?? {};
    if (reason === "injected") {
      expect(annotations).toHaveProperty([OWN_ANNOTATIONS.status], "injected");
      expect(labels).toHaveProperty(["daps.io/injected"], "true");
    } else {
      expect(annotations).toHaveProperty([OWN_ANNOTATIONS.status], `skipped: ${reason}`);
      expect(labels).not.toHaveProperty(["daps.io/injected"]);
    }
    if (warnings.length === 0) expect(annotations).not.toHaveProperty([OWN_ANNOTATIONS.warnings]);
    for (const { message } of warnings) expect(annotations?.[OWN_ANNOTATIONS.warnings]).toContain(message);
  });

  it.each([["native sidecars", OPTIONS], ["ordinary ones", WITHOUT_NATIVE]])(
    "is not changed by a second pass, on a cluster with %s",
    (_, options) => {
      const first = admitPod(podOf(name), options, "token of the first pass");
      const pod = asInSecondPass(withDefaults(first.pod), name);
      // The recording has something that came in between.
      expect(pod).not.toEqual(withDefaults(first.pod));
      const second = admitPod(pod, options, "token of the second pass");
      expect(second.operations).toEqual([]);
      expect(second.reason).toBe(first.reason);
    },
  );

  it("is served as well where DAPS is asked in the second pass only", () => {
    expect(admitPod(secondPodOf(name)).reason).toBe(expected(name).reason);
  });
});

describe.each(injected)("the recorded pod %s, injected,", (name) => {
  it("has daprd call DAPS, and DAPS call the app", () => {
    const { pod } = admitPod(podOf(name));
    const { args } = containerOf(pod, "daprd");
    expect(args?.[(args?.indexOf("--app-port") ?? 0) + 1]).toBe(String(RELAY_PORT));
    const address = name === "app-channel-address" ? "127.0.0.2" : "127.0.0.1";
    expect(configIn(pod).app).toMatchObject({ host: address, port: 3000, relay: true });
  });

  it("changes nothing of daprd but flags, and preStop where it is ordinary", () => {
    const before = containerOf(podOf(name), "daprd");
    const { args, lifecycle, ...after } = containerOf(admitPod(podOf(name)).pod, "daprd");
    const native = configIn(admitPod(podOf(name)).pod).daprd.native;
    expect(lifecycle === undefined).toBe(native);
    expect({ ...after, args: before.args }).toEqual(before);
    expect(args?.[0]).toBe(before.args?.[0]);
  });

  it("runs DAPS right behind a native daprd, and first of all init containers otherwise", () => {
    const { pod } = admitPod(podOf(name));
    const inits = pod.spec.initContainers?.map((container) => container.name) ?? [];
    const at = inits.indexOf("daps");
    if (inits.includes("daprd")) expect(inits[at - 1]).toBe("daprd");
    else expect(at).toBe(0);
    expect(dapsOf(pod).restartPolicy).toBe("Always");
  });

  it("runs DAPS behind the other containers on a cluster without native sidecars, unless daprd is native", () => {
    const { pod } = admitPod(podOf(name), WITHOUT_NATIVE);
    const native = configIn(pod).daprd.native;
    const names = (native ? pod.spec.initContainers : pod.spec.containers)?.map((container) => container.name);
    expect(names?.at(-1)).toBe("daps");
    expect(dapsOf(pod).restartPolicy).toBe(native ? "Always" : undefined);
  });

  it("has a patch of additions and of single values, none of them a whole container", () => {
    for (const operation of admitPod(podOf(name)).operations) {
      expect(["add", "replace", "remove"]).toContain(operation.op);
      if (operation.op === "replace") expect(["string", "number"]).toContain(typeof operation.value);
    }
  });
});
