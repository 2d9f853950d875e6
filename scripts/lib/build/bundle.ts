/**
 * The bundle that the image holds: `services/main.ts` split by its dynamic imports, so that each role loads only what it
 * needs.
 * @module
 */
import { builtinModules } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type OutputChunk, type OutputOptions, type Plugin, rolldown, type RolldownBuild } from "rolldown";

const ROOT = resolve(import.meta.dirname, "../../..");
const ENTRY = join(ROOT, "services/main.ts");

export type Chunk = {
  /** File name, the same in every build. */
  readonly name: string;
  readonly bytes: number;
  /** Paths of the modules in it, relative to the repository. */
  readonly modules: readonly string[];
  /** Chunks that it always loads. */
  readonly imports: readonly string[];
};

/** Writes the bundle into `folder` as `main.js` and the chunks that it loads. */
export async function writeBundle(folder: string): Promise<readonly Chunk[]> {
  return await build(async (bundle) => await bundle.write({ ...OUTPUT, dir: folder, cleanDir: true }));
}

/** Writes any other program into `folder`, in the same form as `<name of its file>.js`. */
export async function writeProgram(program: string, folder: string): Promise<void> {
  await build(async (bundle) => await bundle.write({ ...OUTPUT, entryFileNames: "[name].js", dir: folder }), program);
}

/** The chunks that a bundle would have, without writing them. */
export async function analyseBundle(): Promise<readonly Chunk[]> {
  return await build(async (bundle) => await bundle.generate(OUTPUT));
}

/**
 * The modules that are loaded when `daps <role>` starts: those of the entry, of the role's own chunk, and of all that
 * these import statically. What the role imports dynamically is not among them.
 *
 * @param role a folder of `services/` with a `main.ts`
 * @throws {RangeError} when the bundle has no such role
 */
export function modulesOfRole(chunks: readonly Chunk[], role: string): readonly string[] {
  const named = (name: string): Chunk => {
    const chunk = chunks.find((each) => each.name === name);
    if (!chunk) {
      throw new RangeError(`Cannot find ${name} in the bundle: it has ${chunks.map((c) => c.name).join(", ")}`);
    }
    return chunk;
  };
  const reached = new Set<Chunk>([named("main.js"), named(`${role}.js`)]);
  for (const chunk of reached) chunk.imports.forEach((name) => reached.add(named(name)));
  return [...reached].flatMap(({ modules }) => modules);
}

const OUTPUT: OutputOptions = {
  format: "esm",
  entryFileNames: "main.js",
  chunkFileNames: ({ name, facadeModuleId }) => `${facadeModuleId ? nameOf(facadeModuleId) : `shared-${name}`}.js`,
  comments: { legal: true, annotation: false, jsdoc: false },
  // Names stay: a stack trace in a log has to say where.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
};

/** `services/webhook/main.ts` → `webhook`, `services/host/serve/deno.ts` → `host-serve-deno`. */
function nameOf(module: string): string {
  const path = relative(join(ROOT, "services"), module);
  const name = basename(path) === "main.ts" ? dirname(path) : path.replace(/\.\w+$/, "");
  return name.replaceAll(/[^\w.]+/g, "-").replace(/^-+/, "");
}

/** CommonJS packages name Node's built-ins without `node:`, which Deno does not take for built-ins. */
const NODE_BUILTINS: Plugin = {
  name: "node-builtins",
  resolveId: (id) => builtinModules.includes(id) ? { id: `node:${id}`, external: true } : undefined,
};

/**
 * Deno parses at every start whatever a literal dynamic import could load, also the chunks of other roles: with the
 * Kubernetes client of the CLI, and without a cache (a pod's root is read-only), that made an idle sidecar three times
 * as large in private memory. What it can't read ahead it loads when asked, which takes permission to read the chunk.
 */
const UNFORESEEN_IMPORTS: Plugin = {
  name: "unforeseen-imports",
  renderChunk: (code) => code.replaceAll(/\bimport\("(\.\/[\w-]+\.js)"\)/g, 'import(String("$1"))'),
};

/** V8 keeps a text of nothing but ASCII as it is, and any other at two bytes a character. */
const ASCII: Plugin = {
  name: "ascii",
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type === "chunk") file.code = file.code.replaceAll(/[^\0-\x7f]/g, escapeUnit);
    }
  },
};

const escapeUnit = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

async function build(
  output: (bundle: RolldownBuild) => Promise<{ output: readonly ({ type: string } | OutputChunk)[] }>,
  input = ENTRY,
): Promise<readonly Chunk[]> {
  const bundle = await rolldown({
    input,
    cwd: ROOT,
    platform: "node",
    logLevel: "warn",
    plugins: [NODE_BUILTINS, UNFORESEEN_IMPORTS, ASCII],
  });
  try {
    const result = await output(bundle);
    return result.output.filter((item): item is OutputChunk => item.type === "chunk").map((chunk) => ({
      name: chunk.fileName,
      bytes: new TextEncoder().encode(chunk.code).length,
      modules: chunk.moduleIds.map((id) => relative(ROOT, id)),
      imports: chunk.imports.filter((name) => !name.startsWith("node:")),
    }));
  } finally {
    await bundle.close();
  }
}
