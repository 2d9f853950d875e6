import { describe, expect, it } from "vitest";
import { environmentViolations, purityViolations } from "./rules/effects.ts";
import { importViolations } from "./rules/imports.ts";
import { imports, modules } from "./rules/source.ts";

const services = modules("services");

it("finds the modules to check", () => {
  expect(services.map(({ path }) => path)).toContain("services/core/settings.ts");
});

describe("imports of services", () => {
  it("go one way: core ← host ← {webhook, sidecar, cli}", () => {
    expect(services.flatMap(importViolations)).toEqual([]);
  });

  it.each([
    ["core/a.ts", 'import { createServer } from "node:net";'],
    ["core/a.ts", 'import { x } from "../host/process/env.ts";'],
    ["core/admission/a.ts", 'export { x } from "../../sidecar/gate.ts";'],
    ["core/a.ts", 'import { Hono } from "hono";'],
    ["core/a.ts", 'import { Pod } from "kubernetes-types/core/v1";'],
    ["core/a.ts", 'const x = await import("node:fs");'],
    ["core/a.ts", 'export type X = import("../webhook/app.ts").X;'],
    ["core/a.ts", 'import fs = require("fs");'],
    ["core/a.ts", 'const fs = require("fs");'],
    ["core/a.ts", 'import { x } from "./settings";'],
    ["core/a.ts", 'import { x } from "../../scripts/lib/test/outcome.ts";'],
    ["host/a.ts", 'import { x } from "../sidecar/gate.ts";'],
    ["host/a.ts", 'import { x } from "../main.ts";'],
    ["webhook/a.ts", 'import type { X } from "../sidecar/gate.ts";'],
    ["sidecar/http1/a.ts", 'export * from "../../cli/main.ts";'],
    ["sidecar/a.ts", 'import { CoreV1Api } from "@kubernetes/client-node";'],
    ["sidecar/a.ts", 'import { hostProcess } from "../host/process/index.ts";'],
    ["host/a.ts", 'import { hostProcess } from "./process/index.ts";'],
    ["cli/a.ts", 'import "../webhook/app.ts";'],
    ["cli/a.ts", 'import { x } from "npm:valibot";'],
    ["main.ts", 'import { x } from "../tests/helpers.ts";'],
  ])("finds the fault in %s: %s", (path, text) => {
    expect(importViolations({ path: `services/${path}`, text })).toHaveLength(1);
  });

  it.each([
    ["core/a.ts", 'import * as v from "valibot";'],
    ["core/admission/a.ts", 'import { x } from "../settings.ts"; import { y } from "./pod.ts";'],
    ["core/a.ts", 'import type { Pod } from "kubernetes-types/core/v1";'],
    ["host/a.ts", 'import { x } from "../core/settings.ts"; import net from "node:net";'],
    ["sidecar/a.ts", 'import { x } from "../host/process/env.ts"; import { Hono } from "hono";'],
    ["main.ts", 'const { x } = await import("./sidecar/main.ts");'],
    ["sidecar/main.ts", 'import { hostProcess } from "../host/process/index.ts";'],
    ["core/a.ts", '// import { x } from "node:net";\nexport const text = "from \\"../host/process/env.ts\\"";'],
  ])("has nothing against %s: %s", (path, text) => {
    expect(importViolations({ path: `services/${path}`, text })).toEqual([]);
  });

  it("can all be read: import() takes a literal", () => {
    expect(() => imports({ path: "services/main.ts", text: "await import(name);" })).toThrow("no literal");
  });
});

describe("environment, command line and exit", () => {
  it("are for main.ts alone", () => {
    expect(services.flatMap(environmentViolations)).toEqual([]);
  });

  it.each([
    'export const x = process.env["X"];',
    'import process from "node:process"; process.exit(1);',
    "process.exitCode = 1;",
    "export const { env } = process;",
    'import { argv } from "node:process"; export const a = argv;',
    'Deno.env.get("X");',
    "Deno.exit(0);",
    'globalThis.process.env["X"];',
    'export const x = process["env"];',
  ])("finds %s", (text) => {
    expect(environmentViolations({ path: "services/host/a.ts", text })).toHaveLength(1);
    expect(environmentViolations({ path: "services/sidecar/main.ts", text })).toEqual([]);
  });

  it("does not take process.on or a field of another object for them", () => {
    const text =
      'import process from "node:process"; process.on("SIGTERM", f); options.env; const { exit } = handlers;';
    expect(environmentViolations({ path: "services/host/a.ts", text })).toEqual([]);
  });
});

describe("core", () => {
  it("is pure", () => {
    expect(modules("services/core").flatMap(purityViolations)).toEqual([]);
  });

  it.each([
    "export const now = Date.now();",
    "export const now = new Date().toISOString();",
    "export const x = Math.random();",
    "setTimeout(f, 1);",
    "console.log(1);",
    "export const x = performance.now();",
    "export const x = process.pid;",
    "export const x = crypto.randomUUID();",
    "export const x = await fetch(url);",
  ])("finds %s", (text) => {
    expect(purityViolations({ path: "services/core/a.ts", text })).toHaveLength(1);
  });

  it("may format a time that it was given", () => {
    const text = "export const since = (ms: number) => new Date(ms).toISOString();";
    expect(purityViolations({ path: "services/core/a.ts", text })).toEqual([]);
  });
});
