/**
 * Tables and paragraphs of plain text.
 * @module
 */

/** Widest line of a paragraph, in characters. */
const WIDTH = 100;

/** Columns under their headings, two spaces apart; the last column is not padded. Each line ends in a newline. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], indent = ""): string {
  return columns([headings.map((heading) => heading.toUpperCase()), ...rows], indent);
}

/** Columns without headings. */
export function columns(rows: readonly (readonly string[])[], indent = ""): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  return rows.map((row) => {
    const cells = row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0));
    return `${indent}${cells.join("  ").trimEnd()}\n`;
  }).join("");
}

/** Words in lines of at most 100 characters, each with its newline. */
export function paragraph(text: string, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${indent}${each}\n`).join("");
}

/** `1 pod`, `2 pods`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
