import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admit, mutate } from "../../services/core/admission/admit.ts";
import { removeFlag } from "../../services/core/admission/flags.ts";
import { patchBetween } from "../../services/core/admission/patch.ts";
import { plan } from "../../services/core/admission/plan.ts";
import { type Container, findDaps, type Pod, readPod } from "../../services/core/admission/pod.ts";
import { judge } from "../../services/core/admission/verdict.ts";
import { readSettings } from "../../services/core/settings.ts";
import {
  admitPod,
  configIn,
  dapsOf,
  OPTIONS,
  TOKEN,
  withDefaults,
  withLimits,
  withServiceAccount,
} from "../fixtures/admitting.ts";
import { damagedReviews, options, pods } from "../fixtures/generators.ts";
import { containersOf, patched } from "../fixtures/pods.ts";

const RUNS = { numRuns: 300 };

/** What happens to a pod between two passes. */
const between: fc.Arbitrary<(pod: Pod) => Pod> = fc.subarray<(pod: Pod) => Pod>([
  withDefaults,
  withServiceAccount,
  withLimits,
  (pod) => ({ ...pod, spec: { ...pod.spec, containers: [...pod.spec.containers, { name: "mesh" }] } }),
  (pod) => ({ ...pod, spec: { ...pod.spec, containers: [{ name: "mesh-first" }, ...pod.spec.containers] } }),
  (pod) => ({ ...pod, spec: { ...pod.spec, initContainers: [{ name: "init" }, ...pod.spec.initContainers ?? []] } }),
]).map((steps) => (pod) => steps.reduce((changed, step) => step(changed), pod));

describe("a patch", () => {
  it("makes one document of another, and is empty only if they are equal", () => {
    // The library that applies the patch here refuses to write this key.
    const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("__proto__"));
    fc.assert(fc.property(json, json, (from, to) => {
      // A patch of the whole document replaces its root, which only its holder can do.
      const [holder, target] = [{ document: from }, { document: to }];
      expect(patched(holder, patchBetween(holder, target))).toEqual(target);
      expect(patchBetween(to, structuredClone(to))).toEqual([]);
    }));
  });

  it("makes one list of another, whatever its items are", () => {
    const item = fc.oneof(
      fc.nat({ max: 3 }),
      fc.record({ name: fc.constantFrom("a", "b", "c"), x: fc.nat({ max: 2 }) }),
      fc.array(fc.nat({ max: 2 }), { maxLength: 2 }),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), fc.array(item, { maxLength: 6 }), (from, to) => {
        expect(patched(from, patchBetween(from, to))).toEqual(to);
      }),
      { numRuns: 1000 },
    );
  });

  it("makes the planned pod of the one that came", () => {
    fc.assert(
      fc.property(pods, options, (pod, options) => {
        const planned = readPod(pod) ?? pod;
        const read = readSettings(pod.metadata?.annotations ?? {}, options.chart);
        const verdict = judge(planned, read.settings);
        const { image, nativeSupported } = options;
        const context = { read, image, nativeSupported, imagePullPolicy: "IfNotPresent", token: TOKEN };
        if (verdict.inject) plan(planned, verdict, context);
        const admitted = admitPod(pod, options);
        expect(admitted.injected).toBe(verdict.inject);
        expect(admitted.pod.spec).toEqual(planned.spec);
      }),
      RUNS,
    );
  });
});

describe("a second pass", () => {
  it("changes nothing, whatever came in between", () => {
    fc.assert(
      fc.property(pods, options, between, (pod, options, between) => {
        const first = admitPod(pod, options, "first token");
        const second = admitPod(between(first.pod), options, "second token");
        expect(second.operations).toEqual([]);
        expect(second.injected).toBe(first.injected);
      }),
      RUNS,
    );
  });

  it("changes nothing in damaged pods either", () => {
    fc.assert(
      fc.property(damagedReviews, options, ({ request }, options) => {
        const pod = readPod(request?.object);
        if (!pod) return;
        const first = admitPod(pod, options, "first token");
        expect(admitPod(first.pod, options, "second token").operations).toEqual([]);
      }),
      RUNS,
    );
  });
});

describe("what DAPS does not own", () => {
  it("survives, to the last byte", () => {
    fc.assert(
      fc.property(pods, options, (pod, options) => {
        const admitted = admitPod(pod, options);
        const held = admitted.injected ? [configIn(admitted.pod).app.container, "daprd"] : [];
        expect(others(admitted.pod, held)).toEqual(others(pod, held));
      }),
      RUNS,
    );
  });

  it("is all of a pod that is left alone without a warning", () => {
    fc.assert(
      fc.property(pods, options, (pod, options) => {
        const { injected, warnings, operations } = admitPod(pod, options);
        if (!injected && warnings.length === 0) expect(operations).toEqual([]);
      }),
      RUNS,
    );
  });

  it("is left as it came in the object of the review", () => {
    fc.assert(
      fc.property(pods, (pod) => {
        const copy = structuredClone(pod);
        mutate(pod, OPTIONS, TOKEN);
        expect(pod).toEqual(copy);
      }),
      { numRuns: 50 },
    );
  });
});

/** A pod without what DAPS owns in it. */
function others(pod: Pod, held: readonly string[]): unknown {
  const { metadata, spec } = structuredClone(pod);
  const { "daps.io/status": _status, "daps.io/warnings": _warnings, ...annotations } = metadata?.annotations ?? {};
  const { "daps.io/injected": _injected, ...labels } = metadata?.labels ?? {};
  const foreign = (list: readonly Container[] | null | undefined) =>
    (list ?? []).filter((container) => container.name !== "daps").map((container) => {
      if (container.name === "daprd") {
        for (const name of ["app-port", "app-channel-address", "dapr-graceful-shutdown-seconds"]) {
          removeFlag(container, name);
        }
        removeFlag(container, "dapr-block-shutdown-duration");
      }
      const { preStop, ...lifecycle } = container.lifecycle ?? {};
      return { ...container, lifecycle: held.includes(container.name) ? lifecycle : { ...lifecycle, preStop } };
    });
  return {
    ...pod,
    metadata: { ...metadata, annotations, labels },
    spec: {
      ...spec,
      terminationGracePeriodSeconds: 0,
      containers: foreign(spec.containers),
      initContainers: foreign(spec.initContainers),
      volumes: spec.volumes?.filter(({ name }) => name !== "daps-no-token"),
    },
  };
}

describe("an injected pod", () => {
  it("has one DAPS, whose configuration the sidecar can read, and whose requests are within its limits", () => {
    fc.assert(
      fc.property(pods, options, (pod, options) => {
        const admitted = admitPod(pod, options);
        if (!admitted.injected) {
          expect(findDaps(admitted.pod)).toEqual(findDaps(pod));
          return;
        }
        expect(containersOf(admitted.pod).filter(({ name }) => name === "daps")).toHaveLength(1);
        const { app, gracePeriodMs } = configIn(admitted.pod);
        expect(app.port).not.toBe(9696);
        expect(gracePeriodMs).toBeGreaterThanOrEqual(0);
        const permission = dapsOf(admitted.pod).command?.find((word) => word.startsWith("--allow-net="));
        expect(permission).toMatch(/^--allow-net=(?:(?:\[[\da-fA-F:.]+\]|[\w.-]+):\d+,?)+$/);
        for (const { message } of admitted.warnings) expect(message).not.toBe("");
      }),
      RUNS,
    );
  });
});

describe("no input", () => {
  it("makes admission throw: anything", () => {
    fc.assert(fc.property(fc.anything(), (body) => {
      expect(["answered", "unreadable"]).toContain(admit(body, OPTIONS, TOKEN).kind);
      expect(mutate(body, OPTIONS, TOKEN).injected).toBe(false);
    }));
  });

  it("makes admission throw: damaged reviews", () => {
    fc.assert(
      fc.property(damagedReviews, options, (review, options) => {
        const outcome = admit(review, options, TOKEN);
        if (outcome.kind === "unreadable") {
          expect(outcome.message).toMatch(/^Cannot read the admission review: /);
          return;
        }
        const { response } = outcome.review as { response: { uid: string; allowed: boolean } };
        expect(response).toMatchObject({ uid: review.request.uid, allowed: true });
      }),
      { numRuns: 1000 },
    );
  });
});
