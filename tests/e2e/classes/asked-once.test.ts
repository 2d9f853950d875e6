/**
 * What Dapr asks once: an app that refuses or drops its questions at first has its subscriptions and its actors with
 * DAPS all the same, and without it has not.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { APP, BINDING, PUBSUB, Scene, subscriptions, TOPICS } from "../../../scripts/lib/fixtures/requests/scene.ts";
import { SOURCES } from "../../../scripts/lib/fixtures/requests/sources.ts";
import { polled } from "../../../scripts/lib/proof/index.ts";
import { openSharedLab } from "../support/lab.ts";

const TIMEOUT_MS = 120_000;
/** More often than Dapr asks by itself. */
const TIMES = 8;
const WAYS = {
  refuses: { atFirst: `503:${TIMES}`, byDaprAlone: 1 },
  drops: { atFirst: `drop:${TIMES}`, byDaprAlone: 4 },
} as const;
type Way = keyof typeof WAYS;

const lab = await openSharedLab();
let scenes: Record<Way, { alone: Scene; daps: Scene }>;

beforeAll(async () => {
  const deploy = async (way: Way) => {
    const of = (daps: boolean) =>
      Scene.deploy(lab, { namespace: `${way}-${daps ? "daps" : "alone"}`, daps, atFirst: WAYS[way].atFirst });
    const [alone, daps] = await Promise.all([of(false), of(true)]);
    return { alone, daps };
  };
  const [refuses, drops] = await Promise.all([deploy("refuses"), deploy("drops")]);
  scenes = { refuses, drops };
}, TIMEOUT_MS);

afterAll(async () => {
  const all = Object.values(scenes).flatMap(({ alone, daps }) => [alone, daps]);
  await Promise.all(all.map((scene) => scene[Symbol.asyncDispose]()));
}, TIMEOUT_MS);

/** How often Dapr's question, or DAPS's, has come to the app. */
async function asked(scene: Scene, path: string): Promise<number> {
  return (await scene.app.recorded()).filter((request) => request.path === path).length;
}

/** What daprd says of itself: the topics that the app has named, and its actors. */
async function known(scene: Scene): Promise<{ topics: number; actors: number }> {
  const answer = await scene.app.dapr("GET", "/metadata");
  const { subscriptions = [], actorRuntime } = await answer.json() as {
    subscriptions?: { type: string }[];
    actorRuntime?: { activeActors?: unknown[] };
  };
  const named = subscriptions.filter(({ type }) => type === "PROGRAMMATIC");
  return { topics: named.length, actors: actorRuntime?.activeActors?.length ?? 0 };
}

describe.each(["refuses", "drops"] as const)("an app that %s Dapr's questions at first", (way) => {
  test("has its subscriptions and its actors with DAPS", async () => {
    const { daps } = scenes[way];
    await daps.settled();
    expect(await known(daps)).toEqual({ topics: subscriptions("any").length, actors: 2 });
    for (const path of ["/dapr/config", "/dapr/subscribe"]) expect(await asked(daps, path)).toBe(TIMES + 1);
    const start = (await daps.app.recorded()).length;
    await SOURCES.pubsub.act(daps);
    await SOURCES["actor-method"].act(daps);
    const came = await daps.recordedSince(start, 2);
    expect(came.map(({ path }) => path).sort()).toEqual(["/actors/cart/7/method/add", "/event"]);
  });

  test("has none without it, for good", async () => {
    const { alone } = scenes[way];
    // Bindings come last: with that question Dapr is through.
    await polled(
      async () => await asked(alone, `/${BINDING}`) > 0,
      () => "it was not asked",
      { what: "Dapr's last question", timeoutMs: TIMEOUT_MS },
    );
    expect(await asked(alone, "/dapr/config")).toBe(1);
    expect(await asked(alone, "/dapr/subscribe")).toBe(WAYS[way].byDaprAlone);
    expect(await known(alone)).toEqual({ topics: 0, actors: 0 });
    const topic = `${alone.namespace}-${TOPICS.event}`;
    expect((await alone.app.dapr("POST", `/publish/${PUBSUB}/${topic}`, {})).status).toBe(204);
    expect(await lab.broker.depth(`${APP}-${topic}`)).toMatchObject({ ready: 1, consumers: 0 });
  });
});
