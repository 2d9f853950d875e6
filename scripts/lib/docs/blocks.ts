/**
 * Generated blocks in Markdown files, between markers that a reader does not see.
 * @module
 */

/**
 * The text with the block of this name replaced.
 *
 * @throws {RangeError} if the text has not exactly one such block
 */
export function replaceBlock(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const [before, inside, ...more] = text.split(begin);
  const after = inside?.split(end);
  if (before === undefined || after?.length !== 2 || more.length > 0) {
    throw new RangeError(`Cannot replace the block "${name}" as the text must hold ${begin} and ${end} once each`);
  }
  // The formatter would align the columns of a table, and so change it.
  const block = ["<!-- deno-fmt-ignore-start -->", "", content.trim(), "", "<!-- deno-fmt-ignore-end -->"].join("\n");
  return `${before}${begin}\n${block}\n${end}${after[1]}`;
}

/** A table in Markdown. Bars in cells are escaped. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
