/** Values and their schema, against the settings table and against what people mistype. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Setting, SETTING_NAMES, SETTINGS } from "../../services/core/settings.ts";
import { CHART, helm, render, template, VALUES_FILES } from "./render.ts";

type Schema = {
  readonly type?: string;
  readonly $ref?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
};

const values = parse(await readFile(join(CHART, "values.yaml"), "utf8")) as Record<string, Record<string, unknown>>;
const valuesText = await readFile(join(CHART, "values.yaml"), "utf8");
const schema = JSON.parse(await readFile(join(CHART, "values.schema.json"), "utf8")) as Schema;

/** The rows that have a value in the chart, by its path. */
const rows = new Map<string, Setting>(
  SETTING_NAMES.map((name) => SETTINGS[name] as Setting).flatMap((row) => row.chart === null ? [] : [[row.chart, row]]),
);

function at(path: string): unknown {
  const [group = "", key = ""] = path.split(".");
  return values[group]?.[key];
}

describe("values.yaml", () => {
  it("has the settings of the table, and no others", () => {
    const paths = ["defaults", "sidecar"].flatMap((group) =>
      Object.keys(values[group] ?? {}).map((key) => `${group}.${key}`)
    );
    expect(paths.toSorted()).toEqual([...rows.keys()].toSorted());
  });

  it.each([...rows])("has the table's default of %s", (path, row) => {
    const value = at(path);
    if (row.default === undefined) expect(value).toBe("");
    else expect(row.type.parse(String(value))).toEqual(row.default);
    if (typeof row.default === "boolean") expect(value).toBeTypeOf("boolean");
  });

  it("says of each value what it is", () => {
    const lines = valuesText.split("\n");
    const silent = lines.filter((line, index) => {
      const [, key] = /^ {2}(\w+):/.exec(line) ?? [];
      return key !== undefined && !/^ *# /.test(lines[index - 1] ?? "");
    });
    expect(silent).toEqual([]);
  });
});

describe("values.schema.json", () => {
  it("has the values of values.yaml, and Helm's own", () => {
    const { global: _, ...properties } = schema.properties ?? {};
    expect(Object.keys(properties).toSorted()).toEqual(Object.keys(values).toSorted());
    for (const [name, { properties: inner }] of Object.entries(properties)) {
      if (inner) {
        expect([name, Object.keys(inner).toSorted()]).toEqual([name, Object.keys(values[name] ?? {}).toSorted()]);
      }
    }
  });

  it("is closed", () => {
    const open = (schema: Schema, path: string): string[] => [
      ...(schema.properties && schema.additionalProperties !== false ? [path] : []),
      ...Object.entries(schema.properties ?? {}).flatMap(([key, each]) => open(each, `${path}.${key}`)),
    ];
    expect(open(schema, "values")).toEqual([]);
  });

  it.each(VALUES_FILES)("takes %s", async (file) => {
    const { code, stdout, stderr } = await helm("lint", "--strict", CHART, "--values", join(CHART, "ci", file));
    expect([code, stdout + stderr]).toEqual([0, expect.stringContaining("0 chart(s) failed")]);
    expect(await render({ values: file })).not.toEqual([]);
  });

  it("takes every value of full-values.yaml changed, so that nothing is left out there", async () => {
    const full = parse(await readFile(join(CHART, "ci/full-values.yaml"), "utf8")) as Record<string, unknown>;
    const leaves = (value: unknown, path: string): [string, unknown][] =>
      typeof value === "object" && value !== null && Object.keys(value).length > 0 && !Array.isArray(value)
        ? Object.entries(value).flatMap(([key, each]) => leaves(each, `${path}.${key}`))
        : [[path, value]];
    const set = new Map(leaves(full, ""));
    const same = leaves(values, "").filter(([path, value]) => JSON.stringify(set.get(path)) === JSON.stringify(value));
    const missing = leaves(values, "").filter(([path]) => ![...set.keys()].some((each) => each.startsWith(path)));
    expect([same, missing]).toEqual([[], []]);
  });

  it.each([
    ["defaults.setle=1s", "setle"],
    ["sidecar.cpuLimits=1", "cpuLimits"],
    ["webhook.replica=3", "replica"],
    ["defaultz.settle=1s", "defaultz"],
    ["image.tagg=1", "tagg"],
    ["defaults.settle=soon", "settle"],
    ["defaults.settle=", "settle"],
    ["defaults.readyPath=ready", "readyPath"],
    ["defaults.daprdStop=kill", "daprdStop"],
    ["defaults.redeliver=maybe", "redeliver"],
    ["defaults.redeliverLimit=0", "redeliverLimit"],
    ["defaults.holdTotal=plenty", "holdTotal"],
    ["sidecar.native=perhaps", "native"],
    ["sidecar.memoryLimit=lots", "memoryLimit"],
    ["sidecar.logLevel=verbose", "logLevel"],
    ["webhook.replicas=0", "replicas"],
    ["webhook.timeoutSeconds=31", "timeoutSeconds"],
    ["image.pullPolicy=Sometimes", "pullPolicy"],
    ["namespace=Not_A_Name", "namespace"],
  ])("refuses %s and names it", async (set, named) => {
    const { code, stderr } = await template({ set: [set] });
    expect(code).not.toBe(0);
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/panic|nil pointer|goroutine/);
  });

  it.each(["defaults.readyPath=", "defaults.minGracePeriod=2m", "sidecar.native=true", "global.x=1"])(
    "takes %s",
    async (set) => {
      expect(await template({ set: [set] })).toMatchObject({ code: 0 });
    },
  );
});
