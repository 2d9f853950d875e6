/**
 * What real daprd sends is what was recorded, with DAPS between and without, and the running sidecar takes each request
 * for what it is.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { play, questions } from "../../../scripts/lib/fixtures/requests/play.ts";
import { Scene } from "../../../scripts/lib/fixtures/requests/scene.ts";
import { type SourceName, SOURCES } from "../../../scripts/lib/fixtures/requests/sources.ts";
import { polled } from "../../../scripts/lib/proof/index.ts";
import { EXPECTED, type FixtureName, requestsOf } from "../../fixtures/requests.ts";
import { openSharedLab } from "../support/lab.ts";

const TIMEOUT_MS = 120_000;

const lab = await openSharedLab();
let alone: Scene;
let daps: Scene;

beforeAll(async () => {
  [alone, daps] = await Promise.all([
    Scene.deploy(lab, { namespace: "classes-alone", daps: false }),
    Scene.deploy(lab, { namespace: "classes-daps", daps: true }),
  ]);
  await Promise.all([alone.settled(), daps.settled()]);
}, TIMEOUT_MS);

afterAll(async () => {
  await Promise.all([alone[Symbol.asyncDispose](), daps[Symbol.asyncDispose]()]);
}, TIMEOUT_MS);

type Counts = Record<"delivery" | "call", number>;

/** How many requests of each class the sidecar has seen to their end. */
async function counted(): Promise<Counts> {
  const counts: Counts = { delivery: 0, call: 0 };
  for (
    const [, cls, count] of (await daps.app.daps("/metrics")).matchAll(
      /^daps_requests_total\{class="(\w+)",.*\} (\d+)$/gm,
    )
  ) {
    counts[cls as keyof Counts] += Number(count);
  }
  return counts;
}

/** What the sidecar took the requests for that came since `before`. */
async function classedSince(before: Counts, count: number): Promise<Counts> {
  let now = before;
  const change = () => ({ delivery: now.delivery - before.delivery, call: now.call - before.call });
  return await polled(
    async () => {
      now = await counted();
      const { delivery, call } = change();
      return delivery + call >= count && change();
    },
    () => `it has counted ${JSON.stringify(change())}`,
    { what: `the sidecar to count ${count} requests`, timeoutMs: 10_000 },
  );
}

function expected(name: FixtureName): Counts {
  const of = (cls: keyof Counts) => EXPECTED[name].filter((one) => one.class === cls).length;
  return { delivery: of("delivery"), call: of("call") };
}

test("Dapr asks for configuration, subscriptions and bindings", async () => {
  const recorded = await Promise.all([questions(alone), questions(daps)]);
  expect(recorded).toEqual([requestsOf("questions"), requestsOf("questions")]);
  expect(await classedSince({ delivery: 0, call: 0 }, recorded[1].length)).toEqual(expected("questions"));
});

describe.each(Object.keys(SOURCES) as SourceName[])("%s", (name) => {
  test(`is ${SOURCES[name].about}`, async () => {
    const before = await counted();
    const recorded = await Promise.all([play(alone, name), play(daps, name)]);
    expect(recorded).toEqual([requestsOf(name), requestsOf(name)]);
    expect(await classedSince(before, recorded[1].length)).toEqual(expected(name));
  });
});
