/** How tests are written. */
import { describe, expect, it } from "vitest";
import { modules, nameOf, type Node, parse, type Source, type Violation, walk } from "./rules/source.ts";

/** Modules of ours that a test replaces, tests that repeat until they pass, and files that no part runs. */
function testViolations(source: Source): Violation[] {
  const found: Violation[] = [];
  for (const node of walk(parse(source))) {
    if (node.type === "MemberExpression" && nameOf(node["object"]) === "vi") {
      const property = nameOf(node["property"]) ?? "";
      if (/^(?:do)?mock$/i.test(property)) found.push(`${source.path}: vi.${property} replaces a module`);
    }
    if (node.type === "CallExpression" && /^(?:it|test|describe)$/.test(nameOf(node["callee"]) ?? "")) {
      const options = (node["arguments"] as Node[]).filter(({ type }) => type === "ObjectExpression");
      const keys = options.flatMap((option) => option["properties"] as Node[]).map(({ key }) => nameOf(key));
      if (keys.includes("retry")) found.push(`${source.path}: retry hides a test that fails now and then`);
    }
  }
  return found;
}

/** Where a test file must lie so that a part of ./scripts/test runs it; those of e2e lie in the folder of a lane. */
const PLACE = /^tests\/(?:(?:architecture|unit|property|conformance|chart|integration|leak)\/|e2e\/[a-z][a-z0-9-]*\/)/;

describe("tests", () => {
  const all = modules("tests", "services", "scripts", "bench").filter(({ path }) => path.endsWith(".test.ts"));

  it("replace no module and are not repeated", () => {
    expect(all.flatMap(testViolations)).toEqual([]);
  });

  it("lie where a part runs them", () => {
    expect(all.map(({ path }) => path).filter((path) => !PLACE.test(path))).toEqual([]);
  });

  it("are found when they do not", () => {
    const path = "tests/unit/a.test.ts";
    expect(testViolations({ path, text: 'vi.mock("../../services/host/process/env.ts");' })).toHaveLength(1);
    expect(testViolations({ path, text: 'it("x", { retry: 2 }, () => {});' })).toHaveLength(1);
    expect("tests/e2e/gate.test.ts").not.toMatch(PLACE);
    expect("tests/e2e/gate/ready-path.test.ts").toMatch(PLACE);
    expect("services/core/settings.test.ts").not.toMatch(PLACE);
  });
});
