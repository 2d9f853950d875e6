/**
 * `daps explain`: a setting, or all of them, from the table that the webhook reads.
 * @module
 */
import { ANNOTATION_PREFIX, type Setting, SETTING_NAMES, SETTINGS } from "../core/settings.ts";
import { nearest } from "./nearest.ts";
import { columns, paragraph, table } from "./table.ts";
import { EXIT, type ExitCode, json, type Terminal, UsageError } from "./terminal.ts";

export type ExplainOptions = { readonly json?: boolean };

/**
 * @param key the annotation's key with or without `daps.io/`, or the chart's value; undefined: all settings
 * @throws {UsageError} for an unknown key, with the nearest known one
 */
export function explain(key: string | undefined, options: ExplainOptions, terminal: Terminal): ExitCode {
  const rows: readonly Setting[] = SETTING_NAMES.map((name) => SETTINGS[name]);
  if (key === undefined) {
    terminal.out(options.json ? json(rows.map(describe)) : overview(rows));
    return EXIT.fine;
  }
  const row = rows.find((each) => namesOf(each).includes(key));
  if (!row) {
    const guess = nearest(key, rows.flatMap(namesOf));
    const hint = guess === undefined ? '"daps explain" lists them' : `did you mean ${guess}?`;
    throw new UsageError(`Cannot explain ${JSON.stringify(key)}: it is not a setting of DAPS; ${hint}`);
  }
  terminal.out(options.json ? json(describe(row)) : details(row));
  return EXIT.fine;
}

/** What a setting may be called on the command line, the plainest first. */
function namesOf({ key, chart }: Setting): string[] {
  return [key, ANNOTATION_PREFIX + key, ...(chart === null ? [] : [chart])];
}

/** The default as one would write it; null: not set. */
export function defaultOf({ type, default: value }: Setting): string | null {
  return value === undefined ? null : type.format(value);
}

function describe(row: Setting): object {
  return {
    key: row.key,
    annotation: ANNOTATION_PREFIX + row.key,
    chart: row.chart,
    type: row.type.name,
    accepts: row.type.accepts,
    default: defaultOf(row),
    meaning: row.meaning,
  };
}

function overview(rows: readonly Setting[]): string {
  return table(
    ["annotation", "chart value", "type", "default"],
    rows.map((row) => [ANNOTATION_PREFIX + row.key, row.chart ?? "-", row.type.name, defaultOf(row) ?? "-"]),
  ) + '\nAn annotation of the pod wins over the chart\'s value. "daps explain KEY" says what a setting means.\n';
}

function details(row: Setting): string {
  return `${ANNOTATION_PREFIX}${row.key}\n\n${paragraph(row.meaning, "  ")}\n` + columns([
    ["chart value", row.chart ?? "none: by annotation only"],
    ["accepted", row.type.accepts],
    ["default", defaultOf(row) ?? "not set"],
  ], "  ");
}
