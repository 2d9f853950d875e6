/**
 * The documents of manifest files, YAML or JSON.
 * @module
 */
import { type DocumentOptions, parseAllDocuments, type ParseOptions, type SchemaOptions, type Tags } from "yaml";
import { errorMessage } from "../../host/log.ts";
import { STDIN, type Terminal } from "../terminal.ts";

/** Something about the input that keeps a part of it from being used. */
export type InputProblem = {
  readonly file: string;
  /** Counted from 1; null: the file as a whole. */
  readonly document: number | null;
  readonly message: string;
};

export type ManifestDocument = {
  /** The path as given, or `standard input`. */
  readonly file: string;
  /** Counted from 1. */
  readonly index: number;
  /** Its text with the separator before it: those of a file, one after the other, are the file. */
  readonly source: string;
  /** Undefined: it holds nothing that can be used. */
  readonly value: unknown;
};

export type Manifests = { readonly documents: readonly ManifestDocument[]; readonly problems: readonly InputProblem[] };

/**
 * As `sigs.k8s.io/yaml` reads it, and with it kubectl: YAML 1.1 (`yes` is a truth value, `0644` is octal), without its
 * timestamps and numbers to the base of 60.
 */
export const KUBERNETES_YAML: ParseOptions & DocumentOptions & SchemaOptions & { version: "1.1" } = {
  version: "1.1",
  // Nothing of its own on standard error.
  logLevel: "error",
  merge: true,
  customTags: (tags: Tags): Tags =>
    tags.filter((tag) =>
      typeof tag === "string" ||
      (tag.tag !== "tag:yaml.org,2002:timestamp" && !("format" in tag && tag.format === "TIME"))
    ),
};

/** Reads all files; what can't be read is among the problems. */
export async function readManifests(files: readonly string[], terminal: Terminal): Promise<Manifests> {
  const documents: ManifestDocument[] = [];
  const problems: InputProblem[] = [];
  for (const path of files) {
    const file = path === STDIN ? "standard input" : path;
    try {
      const read = parseManifest(file, await terminal.read(path));
      documents.push(...read.documents);
      problems.push(...read.problems);
    } catch (error) {
      problems.push({ file, document: null, message: `cannot be read: ${errorMessage(error)}` });
    }
  }
  return { documents, problems };
}

export function parseManifest(file: string, text: string): Manifests {
  const documents: ManifestDocument[] = [];
  const problems: InputProblem[] = [];
  const parsed = [...parseAllDocuments(text, KUBERNETES_YAML)];
  let start = 0;
  for (const [i, document] of parsed.entries()) {
    const end = i === parsed.length - 1 ? text.length : document.range[2];
    const place = { file, index: i + 1, source: text.slice(start, end) };
    start = end;
    const [error] = document.errors;
    let value: unknown;
    try {
      if (error) throw new SyntaxError(syntaxMessage(error.message, text));
      value = document.toJS() ?? undefined;
      if (value !== undefined && !isRecord(value)) {
        throw new TypeError(`it must be a Kubernetes object: received ${JSON.stringify(value)?.slice(0, 80)}`);
      }
    } catch (cause) {
      problems.push({ file, document: place.index, message: errorMessage(cause) });
      value = undefined;
    }
    documents.push({ ...place, value });
  }
  if (problems.length === 0 && documents.every(({ value }) => value === undefined)) {
    problems.push({ file, document: null, message: "it holds no document" });
  }
  return { documents, problems };
}

// The library's message goes on with an excerpt.
function syntaxMessage(message: string, text: string): string {
  const first = (message.split("\n")[0] ?? "").replace(/:$/, "");
  const template = text.includes("{{")
    ? ' (a Helm template? render it first: "helm template … | daps check -f -")'
    : "";
  return `it is not YAML: ${first}${template}`;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As one line for standard error. */
export function problemLine({ file, document, message }: InputProblem): string {
  return `daps: Cannot use ${file}${document === null ? "" : `, document ${document}`}: ${message}\n`;
}
