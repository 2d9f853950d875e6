import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classify, subscribedPaths } from "../../services/core/classes.ts";
import { formatDuration, parseDuration } from "../../services/core/duration.ts";
import { type Lease, Ledger, total, TRAFFIC_CLASSES } from "../../services/core/ledger.ts";
import { readSettings, SETTING_NAMES, SETTINGS } from "../../services/core/settings.ts";

const chartPlaces = SETTING_NAMES.map((name) => SETTINGS[name].chart).filter((place) => place !== null);
const annotationKeys = SETTING_NAMES.map((name) => `daps.io/${SETTINGS[name].key}`);
const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string());

describe("durations", () => {
  it("are read back as they were written, to the millisecond", () => {
    fc.assert(fc.property(fc.nat({ max: 100 * 3_600_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 6);
    }));
  });

  it("add up, part by part", () => {
    const unit = fc.constantFrom(...Object.entries({ ns: 1e-6, us: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }));
    const part = fc.tuple(fc.nat({ max: 10_000 }), unit);
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const expected = parts.reduce((sum, [count, [, ms]]) => sum + count * ms, 0);
      const read = parseDuration(parts.map(([count, [name]]) => `${count}${name}`).join(""));
      expect((read ?? Number.NaN) / (expected || 1)).toBeCloseTo(expected === 0 ? 0 : 1, 9);
    }));
  });

  it("are a finite number of milliseconds, not below 0, or nothing: never an error", () => {
    const almost = fc.stringMatching(/^[0-9.]{0,4}(?:ns|us|ms|s|m|h|d)?[0-9.]{0,4}(?:ns|us|ms|s|m|h)?$/);
    fc.assert(fc.property(fc.oneof(anyText, almost), (text) => {
      const ms = parseDuration(text);
      expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
    }));
  });
});

describe("settings", () => {
  it("are read from any annotations and any chart: each is accepted by its own type, and nothing throws", () => {
    const annotations = fc.dictionary(fc.oneof(fc.constantFrom(...annotationKeys), anyText), anyText);
    const chart = fc.dictionary(fc.constantFrom(...chartPlaces), fc.jsonValue());
    fc.assert(fc.property(annotations, chart, (annotations, chart) => {
      const { settings, annotated, warnings } = readSettings(annotations, chart);
      for (const name of SETTING_NAMES) {
        const value: unknown = settings[name];
        if (value === undefined) expect(SETTINGS[name].default).toBeUndefined();
        else expect(SETTINGS[name].type.parse(SETTINGS[name].type.format(value as never))).toBeDefined();
        if (annotated.has(name)) expect(annotations).toHaveProperty([`daps.io/${SETTINGS[name].key}`]);
      }
      for (const { message } of warnings) expect(message).not.toBe("");
    }));
  });

  it("take every annotation of ours, or name it in a warning", () => {
    fc.assert(fc.property(fc.constantFrom(...SETTING_NAMES), anyText, (name, text) => {
      const key = `daps.io/${SETTINGS[name].key}`;
      const { annotated, warnings } = readSettings({ [key]: text });
      expect(annotated.has(name)).toBe(warnings.length === 0);
      if (warnings.length > 0) expect(warnings[0]?.message).toContain(key);
    }));
  });

  it("do not depend on what DAPS does not own", () => {
    const foreign = fc.dictionary(anyText.filter((key) => !key.startsWith("daps.io/")), anyText);
    fc.assert(fc.property(foreign, (annotations) => {
      expect(readSettings(annotations)).toEqual(readSettings({}));
    }));
  });
});

describe("the ledger", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("enter" as const), cls: fc.constantFrom(...TRAFFIC_CLASSES) }),
    fc.record({ do: fc.constant("park" as const), cls: fc.constantFrom(...TRAFFIC_CLASSES) }),
    fc.record({ do: fc.constant("dispose" as const), which: fc.nat() }),
  );

  it("is never below 0, and empty once every lease is given back, in whatever order and how often", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ledger = new Ledger();
      const leases: Lease[] = [];
      let entered = 0;
      for (const next of steps) {
        if (next.do === "enter") entered = leases.push(ledger.enter(next.cls)) && entered + 1;
        else if (next.do === "park") leases.push(ledger.park(next.cls));
        else leases[next.which % Math.max(leases.length, 1)]?.[Symbol.dispose]();
        for (const counts of [ledger.inFlight, ledger.parked]) {
          for (const cls of TRAFFIC_CLASSES) expect(counts[cls]).toBeGreaterThanOrEqual(0);
        }
        expect(total(ledger.inFlight) + total(ledger.finished)).toBe(entered);
      }
      for (const lease of leases) lease[Symbol.dispose]();
      expect(total(ledger.inFlight) + total(ledger.parked)).toBe(0);
      expect(total(ledger.finished)).toBe(entered);
    }));
  });
});

describe("classes", () => {
  it("are found for any request; a message is a delivery whatever its path and headers", () => {
    const head = fc.record({
      method: fc.oneof(fc.constantFrom("GET", "POST", "PUT", "OPTIONS", "DELETE"), anyText),
      path: fc.oneof(
        anyText,
        anyText.map((text) => `/${text}`),
        fc.constantFrom("/job/x", "/actors/a/1/method/remind/x"),
      ),
      contentType: fc.oneof(anyText, fc.constantFrom("application/json", "application/cloudevents+json")),
      hasCallerAppId: fc.boolean(),
      hasCalleeAppId: fc.boolean(),
      hasPubsubName: fc.boolean(),
    });
    fc.assert(fc.property(head, fc.uniqueArray(anyText), fc.boolean(), (head, known, idle) => {
      const { class: cls } = classify(head, new Set(known), idle);
      expect(["delivery", "call"]).toContain(cls);
      if (head.method === "POST" && head.contentType === "application/cloudevents+json") expect(cls).toBe("delivery");
      if (head.method !== "POST" && head.method !== "PUT") expect(cls).toBe("call");
    }));
  });

  it("have paths that begin with /, or none, from whatever an app answers to /dapr/subscribe", () => {
    const route = fc.oneof(anyText, fc.jsonValue());
    const rules = fc.oneof(fc.array(fc.record({ path: route }, { requiredKeys: [] })), fc.jsonValue());
    const routes = fc.oneof(fc.record({ default: route, rules }, { requiredKeys: [] }), fc.jsonValue());
    const answer = fc.oneof(fc.array(fc.record({ route, routes }, { requiredKeys: [] })), fc.jsonValue());
    fc.assert(fc.property(answer, (answer) => {
      for (const path of subscribedPaths(answer)) expect(path).toMatch(/^\//);
    }));
  });
});
