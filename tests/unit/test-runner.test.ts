import { describe, expect, it } from "vitest";
import { CLUSTER_PARTS, clusterPart } from "../../scripts/lib/test/cluster-parts.ts";
import { readOptions } from "../../scripts/lib/test/options.ts";
import { UsageError } from "../../scripts/lib/toolchain/command-line.ts";
import { broken, type Outcome, succeeded } from "../../scripts/lib/test/outcome.ts";
import type { Context, Part } from "../../scripts/lib/test/parts.ts";
import { run } from "../../scripts/lib/test/run.ts";
import { count, type Report } from "../../scripts/lib/test/suite.ts";
import { failureList, json, lastLine, table } from "../../scripts/lib/test/summary.ts";

const PARTS = [{ name: "format" }, { name: "unit" }, { name: "leak", byName: true as const }, { name: "e2e" }];

type Assertion = Report["testResults"][number]["assertionResults"][number];

function report(...assertions: Partial<Assertion>[]): Report {
  const assertionResults = assertions.map((each) => ({
    fullName: "x",
    status: "passed",
    failureMessages: [],
    ...each,
  }));
  return { testResults: [{ name: "/a.test.ts", status: "passed", message: "", assertionResults }] };
}

describe("readOptions()", () => {
  it("takes every part by default but those that run by name, in the table's order", () => {
    expect(readOptions([], PARTS)).toEqual({
      parts: ["format", "unit", "e2e"],
      bail: false,
      json: false,
      keep: false,
      name: "test",
      lanes: [],
      all: false,
      report: false,
      minutes: 15,
      seed: undefined,
      action: "run",
    });
    expect(readOptions(["e2e", "unit"], PARTS).parts).toEqual(["unit", "e2e"]);
    expect(readOptions(["leak"], PARTS).parts).toEqual(["leak"]);
  });

  it("leaves parts out by name", () => {
    expect(readOptions(["--without", "e2e,format"], PARTS).parts).toEqual(["unit"]);
    expect(readOptions(["--without", "e2e", "--without", "unit"], PARTS).parts).toEqual(["format"]);
  });

  it.each([
    [["units"], "the parts are format, unit, leak, e2e: received units"],
    [["--without", "e2"], ": received e2"],
    [["unit", "--without", "unit"], "no part is left"],
    [["--name", "A B"], "--name: it takes"],
    [["--name", "-x"], "--name"],
    [["--minutes", "0"], "--minutes: it must be an integer from 1"],
    [["--seed", "x"], "--seed: it must be an integer from 0"],
    [["--fast"], "--fast"],
  ])("refuses %j", (args, message) => {
    expect(() => readOptions(args, PARTS)).toThrow(UsageError);
    expect(() => readOptions(args, PARTS)).toThrow(message);
  });
});

describe("count()", () => {
  it("counts what passed", () => {
    expect(count(report({}, {}), 0)).toEqual({ passed: 2, failures: [] });
  });

  it.each(["skipped", "pending", "todo", "disabled"])("takes a test that is %s for failed, and names it", (status) => {
    const { passed, failures } = count(report({}, { fullName: "left out", status }), 0);
    expect(passed).toBe(1);
    expect(failures).toMatchObject([{ test: "left out", reason: `was not run (${status})` }]);
  });

  it("gives the first line of what a failed test said", () => {
    const { failures } = count(report({ status: "failed", failureMessages: ["Error: no\n    at x"] }), 1);
    expect(failures).toMatchObject([{ reason: "Error: no" }]);
  });

  it("takes a test that passed when repeated for failed", () => {
    expect(count(report({ failureMessages: ["Error: first"] }), 0).failures).toHaveLength(1);
  });

  it("counts a file that could not be loaded", () => {
    const broken = { name: "/b.test.ts", status: "failed", message: "Cannot find module", assertionResults: [] };
    expect(count({ testResults: [broken] }, 1).failures).toMatchObject([{ reason: "Cannot find module" }]);
  });

  it("counts an error outside of every test", () => {
    expect(count(report({}), 1)).toMatchObject({ passed: 1, failures: [{ test: "vitest" }] });
  });

  it("takes a run of no tests for failed", () => {
    expect(count({ testResults: [] }, 0).failures).toMatchObject([{ reason: "ran no test" }]);
  });
});

describe("the summary", () => {
  const outcomes: Outcome[] = [
    { label: "unit (Node)", passed: 12, failures: [], ms: 1500 },
    { label: "e2e gate", passed: 3, failures: [{ test: "opens", file: "a.test.ts", reason: "late" }], ms: 90_000 },
    broken("chart", "no helm"),
  ];

  it("ends with the two counts", () => {
    expect(lastLine(outcomes)).toBe("15 passed, 2 failed");
    expect(lastLine([])).toBe("0 passed, 0 failed");
  });

  it("names what failed", () => {
    expect(failureList(outcomes)).toEqual(["FAILED e2e gate: a.test.ts: opens: late", "FAILED chart: no helm"]);
    expect(table(outcomes)).toContain("unit (Node)      12       0   1.5s");
    expect(JSON.parse(json(outcomes))).toMatchObject({ passed: 15, failed: 2, parts: [{}, {}, {}] });
  });

  it("is a success only if something passed and nothing failed", () => {
    expect(succeeded(outcomes)).toBe(false);
    expect(succeeded(outcomes.slice(0, 1))).toBe(true);
    expect(succeeded([])).toBe(false);
  });
});

describe("run()", () => {
  const passing: Part = {
    name: "a",
    about: "",
    run: () => Promise.resolve([{ label: "a", passed: 1, failures: [], ms: 0 }]),
  };
  const throwing: Part = { name: "b", about: "", run: () => Promise.reject(new Error("takes root")) };
  const context = (signal: AbortSignal, bail = false): Context => ({ signal, bail, name: "test", keep: false });

  it("makes a failure of a part that can't run, with its reason", async () => {
    const outcomes = await run([passing, throwing], undefined, context(new AbortController().signal), () => {});
    expect(failureList(outcomes)).toEqual(["FAILED b: takes root"]);
    expect(lastLine(outcomes)).toBe("1 passed, 1 failed");
  });

  it("breaks off at the first failure if asked to", async () => {
    const stopped = new AbortController();
    const outcomes = await run([throwing, passing], undefined, context(stopped.signal, true), () => stopped.abort());
    expect(lastLine(outcomes)).toBe("0 passed, 1 failed");
  });

  it("is no success when it was broken off, even if nothing failed until then", async () => {
    const stopped = new AbortController();
    const stopping: Part = { ...passing, run: (given) => passing.run(given).finally(() => stopped.abort()) };
    const outcomes = await run([stopping, passing], undefined, context(stopped.signal), () => {});
    expect(lastLine(outcomes)).toBe("1 passed, 1 failed");
  });

  it("lets the clusters know when nothing else runs", async () => {
    const order: string[] = [];
    const slow: Part = { ...passing, run: async (given) => (order.push("part"), await passing.run(given)) };
    const clusters = {
      name: "e2e",
      about: "",
      run: async (_: Context, quiet: Promise<boolean>) => {
        order.push("set-up");
        expect(await quiet).toBe(true);
        order.push("tests");
        return [{ label: "e2e", passed: 1, failures: [], ms: 0 }];
      },
    };
    const outcomes = await run([slow], clusters, context(new AbortController().signal), () => {});
    expect(order.toSorted()).toEqual(["part", "set-up", "tests"]);
    expect(order.at(-1)).toBe("tests");
    expect(lastLine(outcomes)).toBe("2 passed, 0 failed");
  });
});

describe("clusterPart()", () => {
  const options = (...args: string[]) => readOptions(args, CLUSTER_PARTS);

  it("is the one that was named", () => {
    expect(clusterPart(options("e2e"))?.name).toBe("e2e");
    expect(clusterPart(options("lifecycle", "--lane", "scale"))?.name).toBe("lifecycle");
  });

  it("can't be two, nor have a lane that is not there", () => {
    expect(() => clusterPart(options("e2e", "lifecycle"))).toThrow(
      "more than one part of the same lanes: received e2e, lifecycle",
    );
    expect(() => clusterPart(options("e2e", "--lane", "no-lane"))).toThrow(": received no-lane");
  });
});
