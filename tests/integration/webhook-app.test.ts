/** What the routes do when the decision itself fails. */
import { describe, expect, it } from "vitest";
import { type AdmissionOutcome, admit, allowUnchanged } from "../../services/core/admission/admit.ts";
import { createLog } from "../../services/host/log.ts";
import { createApp } from "../../services/webhook/app.ts";
import { createMetrics } from "../../services/webhook/metrics.ts";
import { DAPR_POD, review } from "./webhook/client.ts";

function app(admit: (body: unknown) => AdmissionOutcome) {
  const lines: string[] = [];
  const metrics = createMetrics();
  const log = createLog({
    level: "debug",
    write: (line) => lines.push(line),
    clock: { wall: () => new Date("2026-01-02T03:04:05Z") },
  });
  const hono = createApp({ admit, allowUnchanged, isReady: () => true, metrics, log, clock: { now: () => 0 } });
  const post = async (body: object): Promise<Response> =>
    await hono.request("/mutate", {
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify(body),
    });
  return { post, lines, metrics };
}

describe("POST /mutate, when the decision throws,", () => {
  const throwing = (): AdmissionOutcome => {
    throw new TypeError("Cannot read properties of undefined");
  };

  it("allows the pod as it is, and says so", async () => {
    const { post, lines, metrics } = app(throwing);
    const response = await post(review("u1", DAPR_POD));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: "u1", allowed: true, warnings: [expect.stringMatching(/^daps: .*left it alone/)] },
    });
    expect(JSON.parse(lines[0] ?? "{}")).toMatchObject({
      level: "error",
      error: "Cannot read properties of undefined",
    });
    const text = await metrics.text();
    expect(text).toContain('daps_admission_requests_total{result="failed",reason="exception"} 1');
    expect(text).toContain('daps_admission_warnings_total{id="not-injected"} 1');
  });

  it.each([[{}], [{ request: null }], [{ request: { uid: 7 } }]])(
    "refuses %j, which nobody could answer",
    async (body) => {
      const response = await app(throwing).post(body);
      expect(response.status).toBe(400);
      expect(await response.text()).toBe("Cannot answer the admission review: it has no uid");
    },
  );
});

it("POST /mutate counts each warning", async () => {
  const { post, metrics } = app((body) => admit(body, { chart: {}, image: "daps", nativeSupported: true }, "token"));
  await post(review("u2", { ...DAPR_POD, "daps.io/settle": "long", "daps.io/ready-path": "no slash" }));
  expect(await metrics.text()).toContain('daps_admission_warnings_total{id="bad-value"} 2');
});
