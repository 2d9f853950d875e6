/** What each role loads when it starts. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { analyseBundle, type Chunk, modulesOfRole, writeBundle } from "../../scripts/lib/build/bundle.ts";

/** Modules that have no business in a container of every pod, by their paths in the bundle. */
function heavyModules(modules: readonly string[]): string[] {
  return modules.filter((path) =>
    /node_modules\/(?:@kubernetes|commander|prom-client|yaml)\//.test(path) || /^services\/(?:webhook|cli)\//.test(path)
  );
}

describe("the bundle", () => {
  let chunks: readonly Chunk[];

  beforeAll(async () => {
    chunks = await analyseBundle();
  });

  it("gives the sidecar no Kubernetes client and nothing of the other roles", () => {
    const modules = modulesOfRole(chunks, "sidecar");
    expect(modules).toContain("services/sidecar/main.ts");
    expect(heavyModules(modules)).toEqual([]);
  });

  it("gives the webhook nothing of the sidecar", () => {
    const modules = modulesOfRole(chunks, "webhook");
    expect(modules).toContain("services/webhook/main.ts");
    expect(modules.filter((path) => path.startsWith("services/sidecar/"))).toEqual([]);
  });

  it("shows Deno no chunk that a role might never load", async () => {
    const folder = mkdtempSync(join(tmpdir(), "daps-bundle-"));
    try {
      await writeBundle(folder);
      const code = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
      expect(code).toContain("import(String(`./sidecar.js`))");
      expect(code).not.toMatch(/\bimport\(\s*["'`]\.\//);
      expect(code, "V8 would keep it at two bytes a character").not.toMatch(/[^\0-\x7f]/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is known not to be light when it is not", () => {
    expect(heavyModules(["node_modules/@kubernetes/client-node/dist/index.js", "services/cli/main.ts"])).toHaveLength(
      2,
    );
    expect(heavyModules(["node_modules/hono/dist/hono.js", "services/sidecar/main.ts"])).toEqual([]);
  });
});
