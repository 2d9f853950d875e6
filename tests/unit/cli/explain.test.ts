import { expect, it } from "vitest";
import { run } from "../../../services/cli/program.ts";
import { type Setting, SETTING_NAMES, SETTINGS } from "../../../services/core/settings.ts";
import { memoryTerminal } from "./terminal.ts";

const rows = SETTING_NAMES.map((name): Setting => SETTINGS[name]);

it("lists every setting", async () => {
  const terminal = memoryTerminal();
  expect(await run(["explain"], terminal)).toBe(0);
  for (const { key, chart } of rows) {
    expect(terminal.stdout()).toMatch(new RegExp(`^daps\\.io/${key} +${chart?.replace(".", "\\.") ?? "-"} `, "m"));
  }
});

it.each(rows)("explains $key, by any of its names", async (row) => {
  const texts = [];
  for (const name of [row.key, `daps.io/${row.key}`, ...(row.chart === null ? [] : [row.chart])]) {
    const terminal = memoryTerminal();
    expect(await run(["explain", name], terminal)).toBe(0);
    texts.push(terminal.stdout());
  }
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]?.replaceAll(/\s+/g, " ")).toContain(row.meaning);
  expect(texts[0]).toContain(row.type.accepts);
});

it("speaks JSON", async () => {
  const terminal = memoryTerminal();
  expect(await run(["explain", "settle", "--json"], terminal)).toBe(0);
  expect(JSON.parse(terminal.stdout())).toMatchObject({
    annotation: "daps.io/settle",
    chart: "defaults.settle",
    type: "duration",
    default: "400ms",
  });
  const all = memoryTerminal();
  await run(["explain", "--json"], all);
  expect((JSON.parse(all.stdout()) as unknown[]).length).toBe(rows.length);
});

it.each([["redy-path", "did you mean ready-path?"], ["daps.io/setle", "did you mean daps.io/settle?"], [
  "constructor",
  '"daps explain" lists them',
]])("does not know %s: %s", async (key, hint) => {
  const terminal = memoryTerminal();
  expect(await run(["explain", key], terminal)).toBe(2);
  expect(terminal.stdout()).toBe("");
  expect(terminal.stderr()).toBe(`daps: Cannot explain "${key}": it is not a setting of DAPS; ${hint}\n`);
});

it("refuses options that it does not know, with the right one", async () => {
  const terminal = memoryTerminal();
  expect(await run(["explain", "--jsno"], terminal)).toBe(2);
  expect(terminal.stderr()).toContain("Did you mean --json?");
});
