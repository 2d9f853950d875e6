import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { markdownTable, replaceBlock } from "../../scripts/lib/docs/blocks.ts";
import { figuresTable, parseDemo } from "../../scripts/lib/docs/figures.ts";
import { GENERATED } from "../../scripts/lib/docs/generated.ts";
import { memoryTable, parseMemoryRun, parseRelayRun, relayTables } from "../../scripts/lib/docs/performance.ts";
import { settingsReference, settingsTable } from "../../scripts/lib/docs/settings.ts";
import { type Setting, SETTING_NAMES, SETTINGS } from "../../services/core/settings.ts";
import { files, root } from "./rules/source.ts";

const rows = SETTING_NAMES.map((name): Setting => SETTINGS[name]);

describe("generated documentation", () => {
  it.each(GENERATED)("$path is up to date (scripts/lib/docs/main.ts --write)", ({ path, render }) => {
    const text = readFileSync(join(root, path), "utf8");
    expect(render(text)).toBe(text);
  });

  it("would not be, were a setting to change", () => {
    for (const { render } of GENERATED) {
      expect(render("<!-- begin settings -->stale text<!-- end settings -->")).not.toContain("stale text");
    }
    expect(() => replaceBlock("no markers", "settings", "")).toThrow('block "settings"');
    expect(() => replaceBlock("<!-- begin a --><!-- end a --><!-- begin a --><!-- end a -->", "a", "")).toThrow("once");
  });

  it.each(rows)("names $key, its place in the chart and its default", (row) => {
    for (const text of [settingsTable(), settingsReference()]) {
      expect(text).toContain(row.key);
      expect(text).toContain(row.meaning.replaceAll("|", text === settingsTable() ? String.raw`\|` : "|"));
      if (row.chart !== null) expect(text).toContain(`\`${row.chart}\``);
      if (row.default !== undefined) expect(text).toContain(`\`${row.type.format(row.default)}\``);
    }
  });

  it("escapes what would end a cell", () => {
    expect(markdownTable(["a"], [["true|false"]])).toBe("| a |\n| --- |\n| true\\|false |");
  });

  it("takes the figures of the relay from what the bench prints", () => {
    const peers = {
      direct: { rps: 190_000, p50_us: 60, p99_us: 100 },
      haproxy_http: { cpu_us: 14 },
      daps_deno: {
        rps: 60_123.4,
        cpu_us: 12.04,
        p50_us: 90,
        p90_us: null,
        p99_us: 320,
        rss_idle_mb: 50,
        rss_after_mb: 60,
      },
    };
    const machine = { cpu: "a processor", cores: 2, rounds: 5, others_percent: 1.2 };
    const run = parseRelayRun(`progress\n${JSON.stringify({ relay: peers, h2c: {}, body64k: {}, machine })}\n`);
    const text = relayTables(run);
    expect(text).toContain("Medians of 5 rounds on 2 cores (a processor); other programs had 1 % of the machine");
    expect(text).toContain("| DAPS on Deno | 60123 | 12.0 | 90 / – / 320 / – | – | 50.0 → 60.0 | – |");
    expect(text).toContain("| CPU a request, 16 connections, to HAProxy http | 0.86 × | ≤ 0.90 × | met |");
    expect(text).toContain("| added p99, 500/s | 220 µs | ≤ 300 µs | met |");
    expect(() => parseRelayRun('{"relay":{}}')).toThrow();

    const memory = parseMemoryRun('{"memory":{"daps_deno":{"parked_1000":{"rss_mb":85.61,"dirty_mb":49.3}}}}');
    expect(memoryTable(memory)).toContain("| DAPS on Deno | – | 85.6 / 49.3 | – | – |");
    expect(() => parseMemoryRun("{}")).toThrow();
  });

  it("takes the figures from what the demo prints", () => {
    const side = { published: 200, lost: 5, cutOff: 1, repeated: 8, early: 0 };
    const run = parseDemo(`progress\n${JSON.stringify({ alone: side, daps: { ...side, lost: 0 } })}\n`);
    expect(figuresTable({ native: run })).toContain("| Dapr alone, native | 200 | 5 | 1 | 8 | 0 |");
    expect(() => parseDemo('{"alone":{}}')).toThrow();
  });
});

describe("links between pages", () => {
  /** Targets of relative links in a page that are not there. */
  function brokenLinks(path: string, text: string, exists: (path: string) => boolean): string[] {
    const targets = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target ?? "");
    return targets.filter((target) => !/^[a-z]+:/.test(target) && !exists(join(path, "..", target)));
  }

  it("lead somewhere", () => {
    const known = new Set(files().map(({ path }) => path));
    const pages = files("README.md", "CHANGELOG.md", "docs", "scripts/kind").filter(({ path }) => path.endsWith(".md"));
    expect(pages.flatMap(({ path, text }) => brokenLinks(path, text, (target) => known.has(target)))).toEqual([]);
  });

  it("are found when they do not", () => {
    expect(brokenLinks("docs/a.md", "[x](b.md) [y](../c.md#d) [z](https://e.example)", (path) => path === "c.md"))
      .toEqual(
        ["b.md"],
      );
  });
});

describe("the chart's values", () => {
  const values: unknown = parse(readFileSync(join(root, "chart/values.yaml"), "utf8"));
  const at = (place: string) =>
    place.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], values);

  it.each(rows.filter(({ chart }) => chart !== null))("have $chart, with the default of the code", (row) => {
    const value = at(row.chart ?? "");
    expect(value).toBeDefined();
    expect(value === "" ? undefined : row.type.parse(String(value))).toEqual(row.default);
  });

  it("have nothing under defaults that is no setting", () => {
    const places = new Set(rows.map(({ chart }) => chart));
    const keys = Object.keys(at("defaults") as object).map((key) => `defaults.${key}`);
    expect(keys.filter((place) => !places.has(place))).toEqual([]);
  });
});
