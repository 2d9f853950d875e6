import { describe, expect, it } from "vitest";
import { type AdmissionOutcome, admit, allowUnchanged } from "../../services/core/admission/admit.ts";
import { admitPod, annotated, OPTIONS, TOKEN } from "../fixtures/admitting.ts";
import { patched, podOf, type Review, review } from "../fixtures/pods.ts";

type Answer = {
  response: { uid: string; allowed: boolean; warnings?: string[]; patchType?: string; patch?: string };
};

function answered(body: unknown): Extract<AdmissionOutcome, { kind: "answered" }> & { review: Answer } {
  const outcome = admit(body, OPTIONS, TOKEN);
  if (outcome.kind !== "answered") throw new TypeError(outcome.message);
  return outcome as Extract<AdmissionOutcome, { kind: "answered" }> & { review: Answer };
}

function changed(change: (review: Review) => void, name = "ordinary"): Review {
  const copy = review(name);
  change(copy);
  return copy;
}

function operationsOf({ response }: Answer) {
  const bytes = Uint8Array.from(atob(response.patch ?? ""), (byte) => byte.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as [];
}

describe("the answer to a review", () => {
  it("allows the pod, with a patch that makes it the planned one", () => {
    const { review: answer, pod, injected, reason } = answered(review("ordinary"));
    expect(answer).toMatchObject({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: review("ordinary").request.uid, allowed: true, patchType: "JSONPatch" },
    });
    expect(answer.response).not.toHaveProperty("warnings");
    expect({ pod, injected, reason }).toEqual({ pod: "orders/ordinary", injected: true, reason: "injected" });
    expect(patched(podOf("ordinary"), operationsOf(answer))).toEqual(admitPod(podOf("ordinary")).pod);
  });

  it("names a pod that has no name yet by what its name begins with", () => {
    expect(answered(review("deployment")).pod).toMatch(/^orders\/deployment-\w+-$/);
  });

  it("carries warnings, with who says so and a stable id", () => {
    expect(answered(review("no-app-port")).review.response.warnings).toEqual([
      "daps: DAPS can't see the app's work without a port: set dapr.io/app-port, or daps.io/app-port if Dapr does not " +
      "call the app (pod left without DAPS) [not-injected]",
    ]);
  });

  it("has no patch where nothing is to be changed", () => {
    const { review: answer, reason } = answered(changed(({ request }) => request.object = { kind: "Pod" }));
    expect(reason).toBe("not-a-pod");
    expect(answer.response).toEqual({ uid: review("ordinary").request.uid, allowed: true });
  });

  it("leaves alone what exists already, and what is gone", () => {
    for (const operation of ["UPDATE", "DELETE", "CONNECT"]) {
      const { review: answer, reason } = answered(changed(({ request }) => request.operation = operation));
      expect({ reason, ...answer.response }).toEqual({
        reason: "not-created",
        uid: review("ordinary").request.uid,
        allowed: true,
      });
    }
  });

  it("survives letters of any language", () => {
    const { review: answer } = answered(changed(({ request }) => {
      request.object = annotated(podOf("ordinary"), { "daps.io/settle": "später – 後で" });
    }));
    expect(JSON.stringify(operationsOf(answer))).toContain("später – 後で");
  });

  it.each([null, undefined])("takes %j for no object and no namespace", (nothing) => {
    const outcome = answered(changed(({ request }) => Object.assign(request, { object: nothing, namespace: nothing })));
    expect(outcome).toMatchObject({ reason: "not-a-pod", pod: "/" });
  });

  it("can be given without a decision", () => {
    expect(allowUnchanged("uid")).toMatchObject({
      response: { uid: "uid", allowed: true, warnings: [expect.stringMatching(/see the log of daps-webhook/)] },
    });
  });
});

describe("a body that can't be read", () => {
  const v1beta1 = { ...review("ordinary"), apiVersion: "admission.k8s.io/v1beta1" };
  it.each<[string, unknown, string]>([
    ["of another version", v1beta1, 'apiVersion must be "admission.k8s.io/v1": received "admission.k8s.io/v1beta1"'],
    ["of another kind", { ...review("ordinary"), kind: "Pod" }, 'kind must be "AdmissionReview": received "Pod"'],
    ["without a request", { ...review("ordinary"), request: undefined }, "request must be Object: received undefined"],
    ["without a uid", changed(({ request }) => delete (request as { uid?: string }).uid), "request.uid must be"],
    ["that is nothing", null, "the body must be Object: received null"],
    ["that is a list", [], "apiVersion must be"],
    ["that is a text", "AdmissionReview", 'the body must be Object: received "AdmissionReview"'],
  ])("%s, is answered with what was expected", (_, body, message) => {
    const outcome = admit(body, OPTIONS, TOKEN);
    expect(outcome.kind).toBe("unreadable");
    expect((outcome as { message: string }).message).toContain("Cannot read the admission review: ");
    expect((outcome as { message: string }).message).toContain(message);
  });
});

describe("a setting of the wrong form", () => {
  it.each<[string, string, string]>([
    ["settle", "soon", "a duration such as 250ms or 1m30s, from 0s to 1m"],
    ["settle", "2h", "a duration such as 250ms or 1m30s, from 0s to 1m"],
    ["ready-path", "up", "an HTTP path that begins with / and has no spaces"],
    ["busy-path", "/a b", "an HTTP path that begins with / and has no spaces"],
    ["enabled", "perhaps", "one of y, yes, true, t, on, 1, n, no, false, f, off, 0"],
    ["app-port", "http", "a whole number from 1 to 65535"],
    ["redeliver-limit", "0", "a whole number from 1 to 100"],
    ["hold-total", "plenty", "a Kubernetes quantity such as 512Ki or 4Mi, from 0 to 1Gi"],
    ["native-sidecar", "maybe", "one of auto, true, false"],
    ["daprd-stop", "now", "one of auto, graceful, prompt"],
    ["sidecar-memory-limit", "lots", "a Kubernetes quantity such as 10m, 0.5 or 64Mi"],
    ["log-level", "trace", "one of debug, info, warn, error"],
    ["sidecar-image", "an image", "an image reference without spaces"],
  ])("%s: %j is named with what is accepted, and the pod gets DAPS all the same", (key, value, accepted) => {
    const { pod, injected, warnings } = admitPod(annotated(podOf("ordinary"), { [`daps.io/${key}`]: value }));
    const message = `Cannot use annotation daps.io/${key}: accepted is ${accepted}; received ${JSON.stringify(value)}`;
    expect(injected).toBe(true);
    expect(warnings).toEqual([{ id: "bad-value", message }]);
    expect(pod.metadata?.annotations?.["daps.io/warnings"]).toBe(`daps: ${message} [bad-value]`);
  });

  it("that is none of DAPS's is named too", () => {
    const { ids, warnings } = admitPod(annotated(podOf("ordinary"), { "daps.io/redy-path": "/up" }));
    expect(ids).toEqual(["unknown-annotation"]);
    expect(warnings[0]?.message).toContain("daps.io/redy-path");
  });
});
