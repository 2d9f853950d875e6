/** The lint rules that carry the architecture are tried on samples: a check that can't fail is no check. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { expect, it, onTestFinished } from "vitest";
import { root } from "./rules/source.ts";

/** The rules that oxlint reports for one file at this place, with this project's configuration. */
async function lint(path: string, text: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "daps-lint-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, dirname(path)), { recursive: true });
  for (const name of [".oxlintrc.json", "tsconfig.json", "package.json"]) {
    await copyFile(join(root, name), join(folder, name));
  }
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, path), text);
  const output = await new Promise<string>((resolve) => {
    const options = { cwd: folder, env: { ...process.env, NO_COLOR: "1" } };
    execFile(join(root, "node_modules/.bin/oxlint"), ["--format=json", path], options, (_, stdout) => resolve(stdout));
  });
  const { diagnostics } = JSON.parse(output) as { diagnostics: { code: string }[] };
  return [...new Set(diagnostics.map(({ code }) => code))];
}

it.each([
  ["services/core/a.ts", 'import net from "node:net"; export const x = net;', "eslint(no-restricted-imports)"],
  ["services/core/a.ts", 'import { x } from "../host/a.ts"; export const y = x;', "eslint(no-restricted-imports)"],
  ["services/core/a.ts", "export const x = process.pid;", "eslint(no-restricted-globals)"],
  ["services/core/a.ts", "export const x = Date.now();", "eslint(no-restricted-properties)"],
  ["services/host/a.ts", 'import { x } from "../cli/a.ts"; export const y = x;', "eslint(no-restricted-imports)"],
  [
    "services/webhook/a.ts",
    'import { x } from "../sidecar/a.ts"; export const y = x;',
    "eslint(no-restricted-imports)",
  ],
  [
    "services/sidecar/a.ts",
    'import { x } from "../webhook/a.ts"; export const y = x;',
    "eslint(no-restricted-imports)",
  ],
  ["services/cli/a.ts", 'import { x } from "../webhook/a.ts"; export const y = x;', "eslint(no-restricted-imports)"],
  ["services/host/a.ts", "export const x = process.env;", "eslint(no-restricted-properties)"],
  ["tests/unit/a.test.ts", 'import { it } from "vitest"; it.skip("x", () => {});', "vitest(no-disabled-tests)"],
  ["tests/unit/a.test.ts", 'import { it } from "vitest"; it.only("x", () => {});', "vitest(no-focused-tests)"],
])("oxlint objects in %s to %s", async (path, text, rule) => {
  expect(await lint(path, text)).toEqual([rule]);
});

it.each([
  [
    "services/core/admission/a.ts",
    'import { x } from "../settings.ts"; import * as v from "valibot"; export const y = [x, v];',
  ],
  ["services/sidecar/main.ts", 'import process from "node:process"; export const x = process.env;'],
])("oxlint has nothing against %s: %s", async (path, text) => {
  expect(await lint(path, text)).toEqual([]);
});
