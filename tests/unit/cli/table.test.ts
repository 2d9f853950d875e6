import { expect, it } from "vitest";
import { columns, counted, paragraph, table } from "../../../services/cli/table.ts";

it("aligns columns under their headings, without blanks at a line's end", () => {
  expect(table(["key", "value"], [["a", "1"], ["longer", ""]], "  ")).toBe("  KEY     VALUE\n  a       1\n  longer\n");
  expect(columns([])).toBe("");
});

it("breaks a paragraph between words, at 100 characters with its indent", () => {
  const lines = paragraph("word ".repeat(60).trim(), "    ").split("\n").slice(0, -1);
  expect(lines.length).toBe(4);
  expect(lines.every((line) => line.startsWith("    word") && line.length <= 100)).toBe(true);
  expect(paragraph("x".repeat(200))).toBe(`${"x".repeat(200)}\n`);
});

it("counts in words", () => {
  expect([counted(1, "pod"), counted(2, "pod"), counted(0, "delivery", "deliveries")]).toEqual([
    "1 pod",
    "2 pods",
    "0 deliveries",
  ]);
});
