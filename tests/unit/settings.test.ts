import { describe, expect, it } from "vitest";
import { OWN_ANNOTATIONS, readSettings, SETTING_NAMES, SETTINGS } from "../../services/core/settings.ts";

describe("readSettings()", () => {
  it("gives every default where nothing is set", () => {
    const { settings, annotated, warnings } = readSettings({});
    expect(Object.keys(settings)).toEqual([...SETTING_NAMES]);
    for (const name of SETTING_NAMES) expect(settings[name]).toBe(SETTINGS[name].default);
    expect(annotated.size).toBe(0);
    expect(warnings).toEqual([]);
  });

  it("lets the chart's value win over the default", () => {
    const { settings, annotated } = readSettings({}, { "defaults.settle": "1s", "sidecar.native": "false" });
    expect(settings.settle).toBe(1000);
    expect(settings.nativeSidecar).toBe("false");
    expect([...annotated]).toEqual([]);
  });

  it("lets the pod's annotation win over the chart's value", () => {
    const { settings, annotated } = readSettings(
      { "daps.io/settle": "2s", "daps.io/busy-path": "/busy" },
      { "defaults.settle": "1s" },
    );
    expect(settings.settle).toBe(2000);
    expect(settings.busyPath).toBe("/busy");
    expect([...annotated]).toEqual(["busyPath", "settle"]);
  });

  it("takes booleans and numbers of the chart as their text", () => {
    const { settings, warnings } = readSettings({}, {
      "defaults.enabled": false,
      "defaults.redeliverLimit": 5,
      "sidecar.native": true,
    });
    expect(settings).toMatchObject({ enabled: false, redeliverLimit: 5, nativeSidecar: "true" });
    expect(warnings).toEqual([]);
  });

  it.each([[null], [""], [undefined]])("takes %j in the chart for not set", (value) => {
    const { settings, warnings } = readSettings({}, { "defaults.settle": value, "defaults.readyPath": value });
    expect(settings).toMatchObject({ settle: 400, readyPath: undefined });
    expect(warnings).toEqual([]);
  });

  it("names an annotation of the wrong form, what is accepted and what it got, and uses what it would override", () => {
    const { settings, annotated, warnings } = readSettings(
      { "daps.io/settle": "soon" },
      { "defaults.settle": "1s" },
    );
    expect(settings.settle).toBe(1000);
    expect(annotated.size).toBe(0);
    expect(warnings).toEqual([{
      id: "bad-value",
      message: "Cannot use annotation daps.io/settle: accepted is a duration such as 250ms or 1m30s, from 0s to 1m; " +
        'received "soon"',
    }]);
  });

  it.each([
    ["often", '"often"'],
    [{ a: 1 }, String.raw`"{\"a\":1}"`],
    [["1s"], String.raw`"[\"1s\"]"`],
  ])("names a chart's value of the wrong form: %j", (value, shown) => {
    const { settings, warnings } = readSettings({}, { "defaults.busyInterval": value });
    expect(settings.busyInterval).toBe(250);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.id).toBe("bad-value");
    expect(warnings[0]?.message).toContain("the chart's value defaults.busyInterval");
    expect(warnings[0]?.message).toContain(`received ${shown}`);
  });

  it("warns of an empty annotation: it says something, but not what", () => {
    const { warnings } = readSettings({ "daps.io/ready-path": "" });
    expect(warnings.map(({ id }) => id)).toEqual(["bad-value"]);
  });

  it("warns of keys that it does not know, and of no others", () => {
    const { warnings } = readSettings({
      "daps.io/redy-path": "/ready",
      [OWN_ANNOTATIONS.status]: "injected",
      [OWN_ANNOTATIONS.warnings]: "[]",
      "dapr.io/enabled": "true",
      "example.com/daps.io/x": "y",
    });
    expect(warnings).toEqual([{
      id: "unknown-annotation",
      message: "Annotation daps.io/redy-path is not a setting of DAPS and has no effect",
    }]);
  });

  it("shortens what it repeats", () => {
    const { warnings } = readSettings({ "daps.io/enabled": "x".repeat(100_000) });
    expect(warnings[0]?.message.length).toBeLessThan(250);
    expect(warnings[0]?.message).toContain("…");
  });

  it("does not take what an object inherits for an annotation", () => {
    const annotations = Object.create({ "daps.io/settle": "1s" }) as Record<string, string>;
    expect(readSettings(annotations).settings.settle).toBe(400);
  });
});

describe("SETTINGS", () => {
  it.each(SETTING_NAMES.map((name) => [name, SETTINGS[name]] as const))("%s is a sound row", (_, row) => {
    expect(row.key).toMatch(/^[a-z][a-z-]*[a-z]$/);
    expect(row.meaning).toMatch(/\.$/);
    if (row.chart !== null) expect(row.chart).toMatch(/^(?:defaults|sidecar)\.[a-z][a-zA-Z]*$/);
  });

  it("has each key and each place in the chart once", () => {
    const rows = SETTING_NAMES.map((name) => SETTINGS[name]);
    const charts = rows.map(({ chart }) => chart).filter((chart) => chart !== null);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
    expect(new Set(charts).size).toBe(charts.length);
  });
});
