/**
 * The reference of the settings, from the table in services/core/settings.ts.
 * @module
 */
import { ANNOTATION_PREFIX, type Setting, SETTING_NAMES, SETTINGS } from "../../../services/core/settings.ts";
import { markdownTable } from "./blocks.ts";

const rows: Setting[] = SETTING_NAMES.map((name): Setting => SETTINGS[name]);

/** For the README: what one wants to know when choosing. */
export function settingsTable(): string {
  return markdownTable(
    ["annotation `daps.io/…`", "chart value", "default", "meaning"],
    rows.map((row) => [code(row.key), chartOf(row), defaultOf(row), row.meaning]),
  );
}

/** For docs/settings.md: a section for each, with what is accepted. */
export function settingsReference(): string {
  return rows.map((row) =>
    [
      `### ${ANNOTATION_PREFIX}${row.key}`,
      "",
      row.meaning,
      "",
      markdownTable(["", ""], [
        ["Chart value", chartOf(row)],
        ["Default", defaultOf(row)],
        ["Accepted", row.type.accepts],
      ]),
    ].join("\n")
  ).join("\n\n");
}

function chartOf({ chart }: Setting): string {
  return chart === null ? "none" : code(chart);
}

function defaultOf(row: Setting): string {
  return row.default === undefined ? "not set" : code(row.type.format(row.default));
}

function code(text: string): string {
  return `\`${text}\``;
}
