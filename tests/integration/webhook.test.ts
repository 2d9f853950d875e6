/** The webhook as a process: what it answers, and how it ends. */
import { Buffer } from "node:buffer";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Authority, mountSecret, type Pair } from "./webhook/certificates.ts";
import { ask, DAPR_POD, mutate, review } from "./webhook/client.ts";
import { type DapsProcess, port, startWebhook } from "./webhook/process.ts";

const MIB = 1024 * 1024;

let folder: string;
let authority: Authority;
let ca: string;
let pair: Pair;
let mounts = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "daps-webhook-"));
  authority = await Authority.create(join(folder, "ca"));
  ca = await authority.certificate();
  pair = await authority.issue();
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

function start(config: Record<string, unknown> = {}, tls = join(folder, `tls-${++mounts}`)): [DapsProcess, string] {
  const daps = startWebhook(tls, config);
  onTestFinished(async () => {
    daps.kill("SIGKILL");
    await daps.exit;
  });
  return [daps, tls];
}

async function startReady(config: Record<string, unknown> = {}) {
  const tls = join(folder, `tls-${++mounts}`);
  await mountSecret(tls, 1, pair);
  const [daps] = start(config, tls);
  const to = { port: await port(daps, "listening"), ca };
  return { daps, to, tls, probes: `http://127.0.0.1:${await port(daps, "probes and metrics")}` };
}

async function get(url: string): Promise<[number, string]> {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

describe("POST /mutate", () => {
  it("patches a pod of Dapr, each with a token of its own", async () => {
    const { daps, to } = await startReady();
    const patches = await Promise.all(["a", "b"].map(async (uid) => {
      const { status, body } = await mutate(to, JSON.stringify(review(uid, DAPR_POD)));
      expect(status).toBe(200);
      const { response } = JSON.parse(body) as { response: Record<string, string> };
      expect(response).toMatchObject({ uid, allowed: true, patchType: "JSONPatch" });
      return atob(response["patch"] ?? "");
    }));
    const tokens = patches.map((patch) => /"name":"DAPS_TOKEN","value":"([0-9a-f]{64})"/.exec(patch)?.[1]);
    expect(new Set(tokens).size).toBe(2);
    expect(tokens).not.toContain(undefined);
    expect(patches[0]).toContain('"image":"daps:test"');
    expect(await daps.line(({ msg }) => msg === "injected")).toMatchObject({ pod: "shop/worker-", reason: "injected" });
    expect(daps.stdout).not.toContain(tokens[0]);
  });

  it("leaves other pods alone", async () => {
    const { to } = await startReady();
    const { status, body } = await mutate(to, JSON.stringify(review("c", { "dapr.io/enabled": "false" })));
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: "c", allowed: true },
    });
  });

  it("says what it can't read, and counts it", async () => {
    const { to, probes } = await startReady();
    const readable = JSON.stringify(review("d", DAPR_POD));
    const cases: [number, RegExp, Promise<{ status: number; body: string }>][] = [
      [400, /not JSON/, mutate(to, readable.slice(1))],
      [400, /not JSON/, mutate(to, "")],
      [400, /not UTF-8/, mutate(to, Buffer.from(readable.replace("worker", "w\xf6rker"), "latin1"))],
      [400, /apiVersion must be "admission.k8s.io\/v1"/, mutate(to, readable.replace("k8s.io/v1", "k8s.io/v1beta1"))],
      [400, /request must be/, mutate(to, '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}')],
      [415, /text\/plain/, ask({ ...to, method: "POST", path: "/mutate", headers: { "content-type": "text/plain" } })],
      [415, /no content type/, ask({ ...to, method: "POST", path: "/mutate", body: readable })],
      [404, /./, ask({ ...to, path: "/mutate" })],
      [404, /./, ask({ ...to, path: "/other" })],
    ];
    for (const [expected, message, answer] of cases) {
      const { status, body } = await answer;
      expect([status, body]).toEqual([expected, expect.stringMatching(message)]);
      expect(body).not.toMatch(/\bat .*\.[jt]s/);
    }
    const [, metrics] = await get(`${probes}/metrics`);
    expect(metrics).toContain('daps_admission_requests_total{result="unreadable",reason="unreadable"} 5');
  });

  it("takes what an API server may send, and no more", async () => {
    const { to } = await startReady();
    const large = { ...DAPR_POD, padding: "x".repeat(6 * MIB) };
    expect((await mutate(to, JSON.stringify(review("e", large)))).status).toBe(200);

    const tooLarge = { ...DAPR_POD, padding: "x".repeat(8 * MIB) };
    const text = JSON.stringify(review("f", tooLarge));
    expect(await refusal(mutate(to, text))).toMatch(/more than 7340032 bytes|reset|EPIPE|hang up|closed/i);
    async function* parts() {
      for (let at = 0; at < text.length; at += MIB) yield text.slice(at, at + MIB);
    }
    expect(await refusal(mutate(to, parts()))).toMatch(/more than 7340032 bytes|reset|EPIPE|hang up|closed/i);
    expect((await mutate(to, JSON.stringify(review("g", DAPR_POD)))).status).toBe(200);
  });
});

/** Whoever refuses a body before it is read may do so by an answer or by the end of the connection. */
async function refusal(answer: Promise<{ status: number; body: string }>): Promise<string> {
  const { status, body } = await answer.catch((error: Error) => ({ status: 413, body: error.message }));
  expect(status).toBe(413);
  return body;
}

describe("probes and metrics", () => {
  it("are on both ports", async () => {
    const { to, probes } = await startReady();
    await mutate(to, JSON.stringify(review("h", DAPR_POD)));
    for (const path of ["/livez", "/readyz"]) {
      expect(await get(probes + path)).toEqual([200, "ok"]);
      expect(await ask({ ...to, path })).toMatchObject({ status: 200, body: "ok" });
    }
    const [status, metrics] = await get(`${probes}/metrics`);
    expect(status).toBe(200);
    expect(metrics).toContain('daps_admission_requests_total{result="injected",reason="injected"} 1');
    expect(metrics).toContain("daps_admission_duration_seconds_count 1");
    expect(Number(/^daps_certificate_expiry_timestamp_seconds (\S+)/m.exec(metrics)?.[1]) * 1000)
      .toBeGreaterThan(Date.now() + 29 * 86_400_000);
    expect((await ask({ ...to, path: "/metrics" })).body).toBe(metrics);
    expect((await get(`${probes}/mutate`))[0]).toBe(404);
  });

  it("say not ready until there is a certificate", async () => {
    const [daps, tls] = start();
    const probes = `http://127.0.0.1:${await port(daps, "probes and metrics")}`;
    await daps.line(({ msg }) => msg === "waiting for the certificate");
    expect(await get(`${probes}/livez`)).toEqual([200, "ok"]);
    expect(await get(`${probes}/readyz`)).toEqual([503, "not ready"]);
    await mountSecret(tls, 1, pair);
    await port(daps, "listening");
    expect(await get(`${probes}/readyz`)).toEqual([200, "ok"]);
  });
});

describe("the end", () => {
  it("comes after what is in flight, and after others know of it", async () => {
    const { daps, to, probes } = await startReady({ propagationMs: 1000 });
    const text = JSON.stringify(review("i", DAPR_POD));
    const { promise: rest, resolve: sendRest } = Promise.withResolvers<void>();
    async function* slowly() {
      yield text.slice(0, 10);
      await rest;
      yield text.slice(10);
    }
    const slow = mutate(to, slowly());
    const kept = new Agent({ keepAlive: true });
    onTestFinished(() => kept.destroy());
    expect(await mutate({ ...to, agent: kept }, text)).toMatchObject({ status: 200, keepsAlive: true });

    daps.kill("SIGTERM");
    await daps.line(({ msg }) => msg === "ending");
    expect(await get(`${probes}/readyz`)).toEqual([503, "not ready"]);
    expect(await mutate({ ...to, agent: kept }, text)).toMatchObject({ status: 200, keepsAlive: false });
    // Until the port is closed.
    while (await mutate(to, text).then(() => true, () => false));
    sendRest();
    expect([(await slow).status, daps.lines.filter(({ level }) => level === "error")]).toEqual([200, []]);
    expect([await daps.exit, daps.stderr]).toEqual([0, ""]);
    expect(daps.lines.at(-1)?.msg).toBe("ended");
  });

  it("does not wait for a request that never ends", async () => {
    const { daps, to } = await startReady({ propagationMs: 0, graceMs: 100 });
    async function* never() {
      yield "{";
      await daps.exit;
    }
    const cut = mutate(to, never()).catch(() => "cut");
    await mutate(to, "{}");
    daps.kill("SIGTERM");
    expect([await daps.exit, daps.stderr]).toEqual([0, ""]);
    expect(await cut).toBe("cut");
  });

  it("needs no certificate", async () => {
    const [daps] = start();
    await daps.line(({ msg }) => msg === "waiting for the certificate");
    daps.kill("SIGTERM");
    expect([await daps.exit, daps.stderr]).toEqual([0, ""]);
  });
});

describe("DAPS_WEBHOOK", () => {
  it("may hold values that can't be used", async () => {
    const { daps, to } = await startReady({
      propagationMs: "soon",
      typo: 1,
      chart: { "defaults.settle": "long", "defaults.setle": "1s" },
    });
    const warnings = daps.lines.filter(({ level }) => level === "warn").map(({ msg }) => msg);
    expect(warnings).toEqual([
      "DAPS_WEBHOOK.typo is not known and has no effect",
      'Cannot use DAPS_WEBHOOK.propagationMs: accepted is number; received "soon"; 3000 is used',
      "The chart's value defaults.setle is not a setting of DAPS and has no effect",
      expect.stringMatching(
        /^Cannot use the chart's value defaults.settle: accepted is a duration .* received "long"$/,
      ),
    ]);
    expect((await mutate(to, JSON.stringify(review("j", DAPR_POD)))).status).toBe(200);
  });

  it.each([["{", "it must be a JSON object"], ["[]", "it must be a JSON object"], ["{}", "image must be"]])(
    "of %s is an error in one line",
    async (json, message) => {
      const { DapsProcess } = await import("./webhook/process.ts");
      const daps = new DapsProcess(["webhook"], { DAPS_WEBHOOK: json }, ["--allow-env=DAPS_WEBHOOK"]);
      expect(await daps.exit).toBe(1);
      expect(daps.stderr).toMatch(new RegExp(`^daps: Cannot read DAPS_WEBHOOK: ${message}.*\n$`));
    },
  );
});
