/**
 * Who may import whom: core ← host ← {webhook, sidecar, cli}, and services/main.ts composes them.
 * @module
 */
import { basename, posix } from "node:path";
import { type Import, imports, type Source, type Violation } from "./source.ts";

/** Which parts of `services` a part may import, itself included. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  core: ["core"],
  host: ["core", "host"],
  webhook: ["core", "host", "webhook"],
  sidecar: ["core", "host", "sidecar"],
  cli: ["core", "host", "cli"],
};

/** Reads the environment, exits, and the like. */
const PROCESS = "services/host/process/index.ts";

const CORE_PACKAGES = ["rfc6902", "valibot"];
/** Packages that hold nothing but types. */
const TYPE_PACKAGES = ["kubernetes-types"];
/** What would make the sidecar heavy: a Kubernetes client alone costs more memory than all of DAPS. */
const NOT_IN_SIDECAR = ["@kubernetes/client-node", "commander", "yaml"];

/** Violations of one module of `services`. */
export function importViolations(source: Source): Violation[] {
  const part = partOf(source.path);
  return imports(source).flatMap((found) => {
    const why = found.specifier.startsWith(".") ? relativeImport(source.path, part, found) : bareImport(part, found);
    return why === undefined ? [] : [`${source.path}: imports ${found.specifier}: ${why}`];
  });
}

function relativeImport(path: string, part: string | undefined, { specifier }: Import): string | undefined {
  if (!specifier.endsWith(".ts") && !specifier.endsWith(".json")) return "relative imports name the file, with .ts";
  const target = posix.join(posix.dirname(path), specifier);
  // The version of the whole.
  if (path === "services/main.ts" && target === "package.json") return undefined;
  if (!target.startsWith("services/")) return "a service does not depend on what lies outside services/";
  if (target === PROCESS && basename(path) !== "main.ts" && posix.dirname(path) !== posix.dirname(PROCESS)) {
    return "only a main.ts has a process; pass in what is needed of it";
  }
  if (part === undefined) return undefined;
  const targetPart = partOf(target);
  if (targetPart !== undefined && PARTS[part]?.includes(targetPart)) return undefined;
  return `${part} may import ${PARTS[part]?.join(", ") ?? "nothing"}`;
}

function bareImport(part: string | undefined, { specifier, typeOnly }: Import): string | undefined {
  if (/^(?:npm|jsr|https?|file|data):/.test(specifier)) return "packages are bare, resolved from package.json";
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  if (TYPE_PACKAGES.includes(name)) return typeOnly ? undefined : "there is nothing in it but types: import type";
  if (part === "core") {
    return CORE_PACKAGES.includes(name) ? undefined : `core may import ${CORE_PACKAGES.join(", ")}`;
  }
  if (part === "sidecar" && NOT_IN_SIDECAR.includes(name)) return "too heavy for a container in every pod";
  return undefined;
}

/** `core` for services/core/…; undefined for services/main.ts, which may import all of them. */
function partOf(path: string): string | undefined {
  const [, part, ...rest] = path.split("/");
  return rest.length === 0 ? undefined : part;
}
