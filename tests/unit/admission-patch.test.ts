import { describe, expect, it } from "vitest";
import { patchBetween } from "../../services/core/admission/patch.ts";
import { admitPod } from "../fixtures/admitting.ts";
import { patched, podOf } from "../fixtures/pods.ts";

describe("the patch between", () => {
  it.each<[string, unknown, unknown, object[]]>([
    ["equals", { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
    ["a list and one with more", { a: [1] }, { a: [1, 2] }, [{ op: "add", path: "/a/-", value: 2 }]],
    ["a list and one with more before", { a: [1] }, { a: [2, 1] }, [{ op: "add", path: "/a/0", value: 2 }]],
    ["a list and one with less", [1, 2, 3, 4], [1, 4], [{ op: "remove", path: "/2" }, { op: "remove", path: "/1" }]],
    ["a value and another", ["a", "3000", "b"], ["a", "9696", "b"], [{ op: "replace", path: "/1", value: "9696" }]],
    [
      "containers, one changed and one added before it",
      [{ name: "daprd", args: ["a"] }],
      [{ name: "daps" }, { name: "daprd", args: ["b"] }],
      [{ op: "add", path: "/0", value: { name: "daps" } }, { op: "replace", path: "/1/args/0", value: "b" }],
    ],
    ["lists in lists", [[1], [2]], [[1], [2, 3]], [{ op: "add", path: "/1/-", value: 3 }]],
    ["keys with slashes", {}, { "a/b~c": 1 }, [{ op: "add", path: "/a~1b~0c", value: 1 }]],
  ])("%s", (_, from, to, operations) => {
    expect(patchBetween(from, to)).toEqual(operations);
    expect(patched(from, patchBetween(from, to))).toEqual(to);
  });

  it("long lists takes no longer than they are", () => {
    const pod = podOf("ordinary");
    pod.spec.containers[0]!.args = Array.from({ length: 50_000 }, (_, index) => `word ${index}`);
    const admitted = admitPod(pod);
    expect(admitted.injected).toBe(true);
    expect(JSON.stringify(admitted.operations).length).toBeLessThan(10_000);
  });

  it("deep lists takes no longer than they are", () => {
    const nest = (depth: number, value: unknown): unknown => depth === 0 ? value : [nest(depth - 1, value)];
    expect(patchBetween(nest(200, 1), nest(200, 1))).toEqual([]);
    expect(patchBetween(nest(200, 1), nest(200, 2))).toEqual([
      { op: "replace", path: "/0".repeat(200), value: 2 },
    ]);
  });
});
