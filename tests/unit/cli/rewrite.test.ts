import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { KUBERNETES_YAML, parseManifest } from "../../../services/cli/manifest/documents.ts";
import { rewrite } from "../../../services/cli/manifest/rewrite.ts";

function rewritten(text: string, path: readonly (string | number)[], change: (value: never) => unknown): string {
  const [document] = parseManifest("a.yaml", text).documents;
  if (!document) throw new Error("no document");
  const from = path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], document.value);
  const to = change(structuredClone(from) as never);
  const result = rewrite(document, [{ path, from, to }]);
  const value = parse(result, KUBERNETES_YAML) as unknown;
  expect(path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value)).toEqual(to);
  return result;
}

describe("rewrite()", () => {
  it("keeps comments, quotes and the form of what it leaves alone", () => {
    const text = `# head
a: 'x' # one
mode: 0644
big: 12345678901234567890
version: 1.10
on: yes
text: |
  two
    lines
list:
# of things
- one
- "two"
`;
    const expected = text.replace("a: 'x'", 'a: "y"').replace('- "two"\n', '- "two"\n- three\n');
    const result = rewritten(text, [], (value: object) => ({ ...value, a: "y", list: ["one", "two", "three"] }));
    expect(result).toBe(expected);
  });

  it("changes no byte where nothing changes", () => {
    const text = "a:   {b:  1}   # odd\n\n\n";
    expect(rewritten(text, ["a"], (value) => value)).toBe(text);
  });

  it("quotes what Kubernetes would not read as text", () => {
    const text = rewritten(
      "a:\n  b: 1\n",
      ["a"],
      () => ({ b: 1, c: "yes", d: "0644", e: "1e3", f: true, g: null, h: "x" }),
    );
    expect(text).toBe('a:\n  b: 1\n  c: "yes"\n  d: "0644"\n  e: "1e3"\n  f: true\n  g: null\n  h: x\n');
  });

  it("adds, replaces and removes at any depth, with slashes and tildes in keys", () => {
    const before = { "a/b~c": { list: [1, 2, 3], gone: 1 }, keep: true };
    const text = rewritten(JSON.stringify(before).replace(/^/, "--- # not JSON\n"), [], () => ({
      "a/b~c": { list: [0, 1, 3], "n/ew": { x: [] } },
      keep: true,
    }));
    expect(text).toContain("n/ew");
  });

  it("keeps JSON JSON, behind its separator too", () => {
    expect(JSON.parse(rewritten('{"a": {"b": 1}}\n', ["a"], () => ({ b: 2 })))).toEqual({ a: { b: 2 } });
    expect(rewritten('---\n{"a": [1]}\n', ["a"], () => [2])).toBe('---\n{\n  "a": [\n    2\n  ]\n}\n');
  });

  it("writes a document with anchors in full", () => {
    const text = "base: &base { x: 1 }\na: *base\nb:\n  <<: *base\n  z: 2\n";
    const result = rewritten(text, ["a"], () => ({ x: 3 }));
    expect(parse(result)).toEqual({ base: { x: 1 }, a: { x: 3 }, b: { x: 1, z: 2 } });
    expect(result).not.toMatch(/[&*]/);
  });
});
