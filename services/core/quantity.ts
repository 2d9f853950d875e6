/**
 * Kubernetes quantities, in the forms that people write for CPU and memory.
 * @module
 */

const FORM = /^(\d{1,12}(?:\.\d{1,9})?)(m|k|Ki|M|Mi|G|Gi)?$/;

const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  Ki: 2 ** 10,
  M: 1e6,
  Mi: 2 ** 20,
  G: 1e9,
  Gi: 2 ** 30,
};
/** The largest first. */
const BINARY: readonly [unit: string, factor: number][] = [["Gi", 2 ** 30], ["Mi", 2 ** 20], ["Ki", 2 ** 10]];

/** @returns undefined if the text is not of the form */
export function parseQuantity(text: string): number | undefined {
  const [, digits, unit = ""] = FORM.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (FACTORS[unit] ?? 1);
}

/** A whole number of bytes, in the largest binary unit that it is a whole number of. */
export function formatBytes(bytes: number): string {
  const [unit, factor] = BINARY.find(([, factor]) => bytes > 0 && bytes % factor === 0) ?? ["", 1];
  return `${bytes / factor}${unit}`;
}
