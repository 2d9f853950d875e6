/** The stand-in for Dapr's injector, against pods that the real one made (Dapr 1.18.1, tests/fixtures/pods). */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { applyPatch } from "rfc6902";
import { describe, expect, it } from "vitest";
import { injectDapr } from "../../../services/cli/dapr-injector.ts";
import { mutate } from "../../../services/core/admission/admit.ts";
import { configOf } from "../../../services/core/admission/daps-container.ts";
import { flag, hasFlag } from "../../../services/core/admission/flags.ts";
import { findDaprd, findDaps, type Pod, readPod } from "../../../services/core/admission/pod.ts";

const FOLDER = resolve(import.meta.dirname, "../../fixtures/pods");
const OPTIONS = { chart: {}, image: "daps:test", nativeSupported: true };

const fixtures = readdirSync(FOLDER).filter((name) => name.endsWith(".json")).map((name) => {
  const { first } = JSON.parse(readFileSync(resolve(FOLDER, name), "utf8")) as {
    first: { request: { object: unknown } };
  };
  return { name, real: readPod(first.request.object) as Pod };
});

function withoutDaprd(pod: Pod): Pod {
  const copy = structuredClone(pod);
  copy.spec.containers = copy.spec.containers.filter(({ name }) => name !== "daprd");
  copy.spec.initContainers = copy.spec.initContainers?.filter(({ name }) => name !== "daprd");
  return copy;
}

/** What DAPS makes of a pod, in the fields that depend on daprd. */
function outcome(pod: Pod) {
  const { operations, reason, warnings } = mutate(pod, OPTIONS, "token");
  const result = structuredClone(pod);
  applyPatch(result, [...operations]);
  const [daprd, daps] = [findDaprd(result), findDaps(result)];
  return {
    reason,
    warnings,
    config: daps && configOf(daps),
    env: daps?.env?.map(({ name }) => name),
    native: daprd?.native,
    daprd: daprd && {
      preStop: daprd.container.lifecycle?.preStop,
      flags: [
        "app-port",
        "app-protocol",
        "app-channel-address",
        "app-max-concurrency",
        "dapr-http-port",
        "dapr-public-port",
        "dapr-graceful-shutdown-seconds",
        "dapr-block-shutdown-duration",
      ].map((name) => `${name}=${flag(daprd.container, name)}`),
      tls: hasFlag(daprd.container, "app-ssl"),
      health: hasFlag(daprd.container, "enable-app-health-check"),
    },
  };
}

describe("injectDapr()", () => {
  it("has pods to compare with", () => {
    expect(fixtures.length).toBeGreaterThan(20);
    expect(fixtures.some(({ real }) => findDaprd(real)?.native)).toBe(true);
  });

  it.each(fixtures)("leads DAPS to the same as Dapr's own: $name", ({ real }) => {
    const simulated = withoutDaprd(real);
    expect(injectDapr(simulated, { native: false })).toBe(findDaprd(real) !== undefined);
    expect(outcome(simulated)).toEqual(outcome(real));
  });

  it("leaves daprd alone where it is, and pods that are not for Dapr", () => {
    const pod: Pod = {
      metadata: { annotations: { "dapr.io/enabled": "true" } },
      spec: { containers: [{ name: "app" }] },
    };
    expect(injectDapr(pod, { native: true })).toBe(true);
    expect(pod.spec.initContainers).toMatchObject([{ name: "daprd", restartPolicy: "Always" }]);
    expect(injectDapr(pod, { native: false })).toBe(false);
    expect(injectDapr({ spec: { containers: [{ name: "app" }] } }, { native: false })).toBe(false);
  });

  it("lets the annotation win over Dapr's chart", () => {
    const annotations = { "dapr.io/enabled": "yes", "dapr.io/enable-native-sidecar": "false" };
    const pod: Pod = { metadata: { annotations }, spec: { containers: [{ name: "app" }] } };
    injectDapr(pod, { native: true });
    expect(pod.spec.containers.map(({ name }) => name)).toEqual(["app", "daprd"]);
  });
});
