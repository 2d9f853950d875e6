/**
 * Only a main.ts reads the environment and the command line, or exits, by host/process or by itself; core does not even
 * look at the clock.
 * @module
 */
import { basename } from "node:path";
import { isNode, nameOf, type Node, parse, type Source, type Violation, walk } from "./source.ts";

/** Of `process` and of `Deno`. */
const MAIN_ONLY = new Set(["env", "argv", "args", "exit", "exitCode", "abort"]);

/** What each runtime calls them; see `importViolations` for who may ask it. */
const PROCESS = "services/host/process/";

/** Globals that a pure function has no use for. */
const IMPURE = new Set([
  "process",
  "Deno",
  "Buffer",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "performance",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);

/** Uses of what only a main.ts may use, in whatever form: member, destructured, imported by name. */
export function environmentViolations(source: Source): Violation[] {
  if (basename(source.path) === "main.ts" || source.path.startsWith(PROCESS)) return [];
  const found = new Set<string>();
  for (const node of walk(parse(source))) {
    for (const [object, property] of accesses(node)) {
      if (isRuntime(object) && MAIN_ONLY.has(property)) found.add(property);
    }
  }
  return [...found].map((name) => `${source.path}: uses ${name} of the runtime, which only a main.ts may`);
}

/** Uses of the world in core: globals, the present time, randomness. */
export function purityViolations(source: Source): Violation[] {
  const found = new Set<string>();
  for (const node of walk(parse(source))) {
    for (const [object, property] of accesses(node)) {
      if (object === "Date" && property === "now") found.add("Date.now");
      if (object === "Math" && property === "random") found.add("Math.random");
      if (IMPURE.has(object)) found.add(object);
    }
    const callee = nameOf(node["callee"]);
    if (node.type === "CallExpression" && callee !== undefined && IMPURE.has(callee)) found.add(callee);
    if (node.type === "NewExpression" && callee === "Date" && (node["arguments"] as unknown[]).length === 0) {
      found.add("new Date()");
    }
  }
  return [...found].map((name) => `${source.path}: uses ${name}: core gets it passed in`);
}

function isRuntime(name: string): boolean {
  return name === "process" || name === "Deno";
}

/** The [object, property] pairs that a node reaches for. */
function accesses(node: Node): [string, string][] {
  if (node.type === "MemberExpression") {
    const object = nameOf(node["object"]) ?? globalMember(node["object"]);
    const property = nameOf(node["property"]);
    return object !== undefined && property !== undefined ? [[object, property]] : [];
  }
  if (node.type === "VariableDeclarator" && isNode(node["id"]) && node["id"].type === "ObjectPattern") {
    const object = nameOf(node["init"]) ?? globalMember(node["init"]);
    if (object === undefined) return [];
    return (node["id"]["properties"] as Node[]).flatMap(({ key }) => pair(object, nameOf(key)));
  }
  if (node.type === "ImportDeclaration" && /^(?:node:)?process$/.test(nameOf(node["source"]) ?? "")) {
    return (node["specifiers"] as Node[]).flatMap(({ imported }) => pair("process", nameOf(imported)));
  }
  return [];
}

/** `process` of `globalThis.process`. */
function globalMember(node: unknown): string | undefined {
  if (!isNode(node) || node.type !== "MemberExpression" || nameOf(node["object"]) !== "globalThis") return undefined;
  return nameOf(node["property"]);
}

function pair(object: string, property: string | undefined): [string, string][] {
  return property === undefined ? [] : [[object, property]];
}
