/** The webhook follows its certificate without a handshake or a connection that fails. */
import { mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { Authority, mountSecret, type Pair } from "./webhook/certificates.ts";
import { ask, DAPR_POD, mutate, review } from "./webhook/client.ts";
import { type LogLine, port, startWebhook } from "./webhook/process.ts";

const CLIENTS = 4;
const CHANGES = 5;
/** Handshakes of each certificate that have to succeed before the next change. */
const HANDSHAKES = 20;

let folder: string;
let authority: Authority;
let ca: string;
let mounts = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "daps-certificate-"));
  authority = await Authority.create(join(folder, "ca"));
  ca = await authority.certificate();
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function start(pair: Pair) {
  const tls = join(folder, `tls-${++mounts}`);
  await mountSecret(tls, 1, pair);
  const daps = startWebhook(tls);
  onTestFinished(async () => {
    daps.kill("SIGKILL");
    await daps.exit;
  });
  return { daps, tls, to: { port: await port(daps, "listening"), ca } };
}

it("a change under continuous handshakes costs none of them", async () => {
  const pairs = await Promise.all(Array.from({ length: CHANGES + 1 }, (_, i) => authority.issue(10 + i)));
  const [first, ...others] = pairs;
  if (!first) throw new RangeError("no certificate");
  const { daps, tls, to } = await start(first);
  const body = JSON.stringify(review("a", DAPR_POD));

  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => kept.destroy());
  const keep = async () => (await mutate({ ...to, agent: kept }, body)).serial;
  const before = await keep();

  const served = new Map<string, number>();
  const failures: unknown[] = [];
  let running = true;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (running) {
      try {
        const { status, serial } = await mutate(to, body);
        if (status !== 200) failures.push(status);
        served.set(serial, (served.get(serial) ?? 0) + 1);
      } catch (error) {
        failures.push(error);
      }
    }
  });
  for (const [index, pair] of others.entries()) {
    await mountSecret(tls, index + 2, pair);
    await daps.line((line) => isLoaded(line, 11 + index));
    expect(await keep()).toBe(before);
    const { serial } = await mutate(to, body);
    while ((served.get(serial) ?? 0) < HANDSHAKES && failures.length === 0) await mutate(to, body);
  }
  running = false;
  await Promise.all(clients);
  expect(failures).toEqual([]);
  expect(served.size).toBe(CHANGES + 1);
});

/** Whether the line says that a certificate with so many days to live was loaded. */
function isLoaded({ msg, ...fields }: LogLine, days: number): boolean {
  if (msg !== "certificate loaded") return false;
  return Math.round((Date.parse(String(fields["expires"])) - Date.now()) / 86_400_000) === days;
}

it("a pair that does not fit leaves the one before, and the next one is taken", async () => {
  const [one, two, three] = await Promise.all([20, 21, 22].map((days) => authority.issue(days)));
  if (!one || !two || !three) throw new RangeError("no certificate");
  const { daps, tls, to } = await start(one);
  const before = await ask({ ...to, path: "/readyz" });
  for (const [version, broken] of [[2, { cert: two.cert, key: one.key }], [3, { cert: "", key: two.key }]] as const) {
    await mountSecret(tls, version, broken);
    const said = version === 2 ? /its key is another one's/ : /not valid PEM/;
    await daps.line(({ level, error }) => level === "warn" && said.test(String(error)));
    expect(await ask({ ...to, path: "/readyz" })).toEqual(before);
  }
  await mountSecret(tls, 4, three);
  await daps.line((line) => isLoaded(line, 22));
  const after = await ask({ ...to, path: "/metrics" });
  expect(after.serial).not.toBe(before.serial);
  const expiry = Number(/^daps_certificate_expiry_timestamp_seconds (\S+)/m.exec(after.body)?.[1]);
  expect(Math.round((expiry * 1000 - Date.now()) / 86_400_000)).toBe(22);
});
