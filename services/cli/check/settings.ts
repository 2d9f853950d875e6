/**
 * The settings in force for a pod, and where each comes from.
 * @module
 */
import { type Setting, SETTING_NAMES, SETTINGS, type SettingsRead } from "../../core/settings.ts";

export type SettingInForce = {
  readonly key: string;
  /** As one would write it; null: not set. */
  readonly value: string | null;
  readonly source: "annotation" | "chart" | "default";
};

/** @param chart the chart's values, keyed as in the settings table */
export function inForce(
  { settings, annotated }: SettingsRead,
  chart: Readonly<Record<string, unknown>>,
): SettingInForce[] {
  // What the chart alone gives, and what nothing gives: the reader's rules are the core's.
  const ofChart = new Set(
    SETTING_NAMES.filter((name) => {
      const path = SETTINGS[name].chart;
      return path !== null && isGiven(SETTINGS[name], chart[path]);
    }),
  );
  return SETTING_NAMES.map((name) => {
    const row: Setting = SETTINGS[name];
    const value = settings[name];
    return {
      key: row.key,
      value: value === undefined ? null : row.type.format(value),
      source: annotated.has(name) ? "annotation" : ofChart.has(name) ? "chart" : "default",
    };
  });
}

function isGiven(row: Setting, value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false;
  return row.type.parse(typeof value === "string" ? value : JSON.stringify(value)) !== undefined;
}
