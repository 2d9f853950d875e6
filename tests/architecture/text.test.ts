import process from "node:process";
import { describe, expect, it } from "vitest";
import { OWN_ANNOTATIONS, SETTING_NAMES, SETTINGS } from "../../services/core/settings.ts";
import { files, modules } from "./rules/source.ts";
import {
  keyViolations,
  lengthViolations,
  LINE_CEILING,
  lines,
  lockViolations,
  median,
  placeViolations,
} from "./rules/text.ts";

describe("the length of modules", () => {
  const all = modules("services", "scripts", "tests", "bench");

  it("stays below the ceiling", () => {
    expect(all.flatMap(lengthViolations)).toEqual([]);
  });

  it("is in the middle what one can read at once", () => {
    const middle = median(all.map(lines));
    process.stderr.write(`${all.length} modules, the median has ${middle} lines\n`);
    expect(middle).toBeGreaterThan(0);
    expect(middle).toBeLessThanOrEqual(150);
  });

  it("is found when it is above", () => {
    expect(lengthViolations({ path: "a.ts", text: "x\n".repeat(LINE_CEILING) })).toEqual([]);
    expect(lengthViolations({ path: "a.ts", text: "x\n".repeat(LINE_CEILING + 1) })).toHaveLength(1);
  });
});

describe("places", () => {
  it("of one machine, of registries and with credentials are nowhere", () => {
    const all = files();
    expect(all.length).toBeGreaterThan(20);
    expect(all.flatMap(placeViolations)).toEqual([]);
  });

  // In halves, so that this file may be looked at like any other.
  it.each([
    ["cd /ro", "ot/x"],
    ["see /ho", "me/me/project"],
    ['"/Us', 'ers/me/x"'],
    ["https://registry.np", "mjs.org/hono"],
    ["GOPROXY=https://proxy.go", "lang.org"],
    ["amqp://guest:gu", "est@10.0.0.1:5672"],
  ])("are found in %s%s", (first, second) => {
    expect(placeViolations({ path: "a", text: first + second })).toHaveLength(1);
  });

  it.each(["tests/root/x", "$HOME/x", "the /work folder", "amqp://user:secret@broker.example:5672", "/var/lib/x"])(
    "are not seen in %s",
    (text) => {
      expect(placeViolations({ path: "a", text })).toEqual([]);
    },
  );

  it("are not in npm's lock file", () => {
    const [lock] = files("package-lock.json");
    expect(lockViolations(JSON.parse(lock?.text ?? "{}"))).toEqual([]);
    expect(lockViolations({ packages: { "node_modules/a": { resolved: "https://npm.example/a.tgz" } } })).toHaveLength(
      1,
    );
  });
});

describe("keys under daps.io/", () => {
  // Of namespaces and pods, not annotations: they select.
  const labels = ["injected", "injection"];
  const known = new Set<string>([
    ...SETTING_NAMES.map((name) => SETTINGS[name].key),
    ...Object.values(OWN_ANNOTATIONS).map((key) => key.replace("daps.io/", "")),
    ...labels,
  ]);

  it("are settings, own annotations or labels wherever they are named", () => {
    const all = files("services", "chart", "docs", "README.md", "scripts/lib/demo", "scripts/lib/bench");
    expect(all.flatMap((file) => keyViolations(file, known))).toEqual([]);
  });

  it("are found when they are not", () => {
    expect(keyViolations({ path: "a", text: "daps.io/redy-path: /x" }, known)).toEqual([
      "a: daps.io/redy-path is no key of DAPS",
    ]);
    expect(
      keyViolations(
        { path: "a", text: "daps.io/ready-path: /x, daps.io/… and daps.io/<key>, daps.io/sidecar-${what}" },
        known,
      ),
    ).toEqual(
      [],
    );
  });
});
