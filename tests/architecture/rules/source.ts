/**
 * The files of the checkout, and what a module says about itself, read by a parser.
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseAst } from "rolldown/parseAst";

export const root: string = resolve(import.meta.dirname, "../../..");

/** A file, with its path relative to the top of the checkout. */
export interface Source {
  path: string;
  text: string;
}

/** What breaks a rule, said so that one can find it: `path: why`. */
export type Violation = string;

const BINARY = /\.(?:png|ico|gz|tar|woff2?)$/;

/** Every file that is kept or would be kept by `git add`, in these folders or with these names; all if none is given. */
export function files(...paths: string[]): Source[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ...paths], {
    cwd: root,
    encoding: "utf8",
  });
  return [...new Set(listed.split("\0"))]
    .filter((path) => path !== "" && !BINARY.test(path) && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** The modules among them. */
export function modules(...paths: string[]): Source[] {
  return files(...paths).filter(({ path }) => path.endsWith(".ts"));
}

/** A node of the syntax tree (ESTree with TypeScript's own nodes). */
export interface Node {
  type: string;
  start: number;
  [field: string]: unknown;
}

/** @throws {SyntaxError} if the text is no TypeScript */
export function parse({ path, text }: Source): Node {
  return parseAst(text, { lang: "ts" }, path) as unknown as Node;
}

/** Every node of a tree, the outer ones first. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* walk(child);
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/** The name of an identifier or the value of a text literal. */
export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Identifier") return node["name"] as string;
  return node.type === "Literal" && typeof node["value"] === "string" ? node["value"] : undefined;
}

export interface Import {
  specifier: string;
  /** Erased before the module runs. */
  typeOnly: boolean;
}

/**
 * What a module imports in any form: statically, re-exported, by `import()`, in a type, by `require`.
 *
 * @throws {TypeError} for an `import()` of what is not a literal: nothing could check it
 */
export function imports(source: Source): Import[] {
  const found: Import[] = [];
  for (const node of walk(parse(source))) {
    const add = (from: unknown, typeOnly: boolean) => {
      const specifier = nameOf(from);
      if (specifier === undefined || (isNode(from) && from.type === "Identifier")) {
        throw new TypeError(`Cannot check an import in ${source.path} as its specifier is no literal`);
      }
      found.push({ specifier, typeOnly });
    };
    if (node.type === "ImportDeclaration") add(node["source"], node["importKind"] === "type");
    else if (node.type === "ExportAllDeclaration") add(node["source"], node["exportKind"] === "type");
    else if (node.type === "ExportNamedDeclaration" && isNode(node["source"])) {
      add(node["source"], node["exportKind"] === "type");
    } else if (node.type === "ImportExpression") add(node["source"], false);
    else if (node.type === "TSImportType") add(node["source"] ?? node["argument"], true);
    else if (node.type === "TSExternalModuleReference") add(node["expression"], false);
    else if (node.type === "CallExpression" && nameOf(node["callee"]) === "require") {
      add((node["arguments"] as unknown[])[0], false);
    }
  }
  return found;
}
