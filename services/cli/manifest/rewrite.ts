/**
 * A document with some of its values replaced, as little changed beside them as the YAML library allows.
 * @module
 */
import { type Document, isAlias, isMap, isNode, isSeq, type Node, parseDocument, stringify, visit } from "yaml";
import { patchBetween } from "../../core/admission/patch.ts";
import { KUBERNETES_YAML, type ManifestDocument } from "./documents.ts";
import type { Path } from "./workloads.ts";

export type Replacement = { readonly path: Path; readonly from: unknown; readonly to: unknown };

/** Every plain scalar as its text, so that what is not changed is written as it was read: `0644`, `1.10`, `yes`. */
const AS_TEXT = { version: "1.1", schema: "failsafe" } as const;

/**
 * The document's text with the replacements. Comments, order, quotes and the form of numbers stay; white space may not.
 * JSON stays JSON. A document with anchors is written out in full, without its comments.
 */
export function rewrite({ source, value }: ManifestDocument, replacements: readonly Replacement[]): string {
  if (replacements.every(({ from, to }) => patchBetween(from, to).length === 0)) return source;
  const [separator] = /^(?:\s*#.*\n|\s)*---[ \t]*\n|/.exec(source) ?? [""];
  if (/^\s*\{/.test(source.slice(separator.length))) {
    return `${separator}${JSON.stringify(replaced(value, replacements), undefined, 2)}\n`;
  }
  const document = parseDocument(source, AS_TEXT);
  if (hasAlias(document)) {
    return separator +
      stringify(replaced(value, replacements), { ...KUBERNETES_YAML, lineWidth: 0, aliasDuplicateObjects: false });
  }
  for (const { path, from, to } of replacements) {
    for (const operation of patchBetween(from, to)) {
      const keys = [...path, ...operation.path.split("/").slice(1).map(unescapePointer)];
      if (operation.op === "remove") document.deleteIn(keys);
      else if (operation.op === "add" || operation.op === "replace") {
        put(document, keys, textNode(operation.value), operation.op === "add");
      }
    }
  }
  return document.toString({
    lineWidth: 0,
    indentSeq: !SEQUENCE_AT_KEY.test(source),
    flowCollectionPadding: /[[{] /.test(source),
  });
}

/** A sequence whose dashes stand below its key, as kubectl writes them. */
const SEQUENCE_AT_KEY = /^( *)[^\s#-].*:[ \t]*\n(?: *#.*\n)*\1- /m;

function put(document: Document, keys: Path, value: Node, insert: boolean): void {
  const parent = document.getIn(keys.slice(0, -1));
  const key = keys.at(-1);
  if (insert && isSeq(parent)) {
    parent.items.splice(key === "-" ? parent.items.length : Number(key), 0, value);
    return;
  }
  const before = document.getIn(keys, true);
  if (isNode(before)) {
    value.comment = before.comment ?? null;
    value.commentBefore = before.commentBefore ?? null;
  }
  document.setIn(keys, value);
}

/** As Kubernetes must read it (`"yes"` in quotes), then as text like the rest of the document. */
function textNode(value: unknown): Node {
  const node = parseDocument(stringify(value, { ...KUBERNETES_YAML, lineWidth: 0 }), AS_TEXT).contents;
  if (!isNode(node)) throw new TypeError(`Cannot write ${JSON.stringify(value)} as YAML`);
  return node;
}

function hasAlias(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias: () => (found = true, visit.BREAK),
    Pair: (_, { key }) => {
      if (isMergeKey(key)) found = true;
    },
  });
  return found;
}

function isMergeKey(key: unknown): boolean {
  return isNode(key) && !isAlias(key) && !isMap(key) && !isSeq(key) && key.value === "<<";
}

function replaced(value: unknown, replacements: readonly Replacement[]): unknown {
  const copy = { root: structuredClone(value) };
  for (const { path, to } of replacements) {
    let parent: Record<string | number, unknown> = copy;
    for (const key of ["root", ...path].slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
    parent[path.at(-1) ?? "root"] = to;
  }
  return copy.root;
}

function unescapePointer(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}
