/** `check`, `inject` and `explain`, by the real entry. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { daps, FIXTURES } from "./process.ts";

const text = (name: string) => readFile(join(FIXTURES, name), "utf8");

describe("daps check", () => {
  it("is fine with a good manifest", async () => {
    expect(await daps(["check", "-f", "worker.yaml"])).toEqual({
      code: 0,
      stdout: `Deployment orders/worker (worker.yaml, document 1): gets DAPS
  daprd  ordinary container, as Dapr's injector will add it
  daps   native sidecar
  app    container worker, port 8080, http
  ready  GET /healthz on port 8080 (ready-path), asked every 100ms
  busy   GET /api/busy if the app has it, and what is in flight
  drain  1m27s at most, of a grace period of 1m30s

  SETTING     VALUE     FROM
  ready-path  /healthz  annotation

1 workload: 1 with DAPS, 0 left alone; 0 warnings
`,
      stderr: "",
    });
  });

  it("goes through several documents, and files", async () => {
    const { code, stdout, stderr } = await daps(["check", "-f", "several.yaml", "-f", "worker.yaml"]);
    expect([code, stderr]).toEqual([1, ""]);
    expect(stdout.match(/^[A-Z]\w+ \S+ \(.*$/gm)).toEqual([
      "CronJob orders/nightly (several.yaml, document 2): left alone: a Job with restartPolicy OnFailure and an ordinary daprd",
      "StatefulSet orders/ledger (several.yaml, document 3): gets DAPS",
      'Pod plain (several.yaml, document 3): left alone: not for Dapr (no annotation dapr.io/enabled: "true")',
      "Deployment orders/worker (worker.yaml, document 1): gets DAPS",
    ]);
    expect(stdout.match(/\[[a-z-]+\]$/gm)).toEqual(["[not-injected]", "[misplaced-annotation]", "[bad-value]"]);
    expect(stdout).toContain("4 workloads: 2 with DAPS, 2 left alone; 3 warnings\n");
  });

  it("reads standard input, JSON as well", async () => {
    const { code, stdout } = await daps(["check", "-f", "-", "--json"], { stdin: await text("several.yaml") });
    expect(code).toBe(1);
    const { workloads, problems } = JSON.parse(stdout) as {
      workloads: { file: string; reason: string }[];
      problems: [];
    };
    expect(workloads.map(({ reason }) => reason)).toEqual(["job-on-failure", "injected", "not-dapr"]);
    expect(workloads[0]?.file).toBe("standard input");
    expect(problems).toEqual([]);
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec: { containers: [{ name: "a" }] } };
    expect((await daps(["check", "-f", "-"], { stdin: JSON.stringify(pod) })).code).toBe(0);
  });

  it.each([
    [
      "a file that is not there",
      ["-f", "missing.yaml"],
      "",
      /^daps: Cannot use missing\.yaml: cannot be read: .*ENOENT.*\n$/,
    ],
    ["a folder", ["-f", "."], "", /^daps: Cannot use \.: cannot be read: .*\n$/],
    ["nothing", ["-f", "-"], "", /^daps: Cannot use standard input: it holds no document\n$/],
    ["junk", ["-f", "-"], "a: [\u0000", /^daps: Cannot use standard input, document 1: it is not YAML: .*\n$/],
    [
      "prose",
      ["-f", "-"],
      "hello",
      /^daps: Cannot use standard input, document 1: it must be a Kubernetes object.*\n$/,
    ],
    ["no file at all", [], "", /^error: required option '-f, --filename <file>' not specified\n$/],
    ["a stray argument", ["-f", "worker.yaml", "x"], "", /too many arguments/],
    [
      "a values file that is not there",
      ["-f", "worker.yaml", "--values", "no"],
      "",
      /^daps: Cannot read the values file no: /,
    ],
  ])("refuses %s, in one line", async (_, args, stdin, message) => {
    const { code, stdout, stderr } = await daps(["check", ...args], { stdin });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });

  it("helps", async () => {
    for (const command of ["check", "inject", "explain", "status"]) {
      const { code, stdout, stderr } = await daps([command, "--help"]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain(`Usage: daps ${command} `);
    }
  });
});

describe("daps inject", () => {
  it("keeps what it does not change, comments too", async () => {
    const before = await text("worker.yaml");
    const { code, stdout, stderr } = await daps(["inject", "-f", "worker.yaml"]);
    expect(code).toBe(0);
    expect(stderr).toBe("Deployment orders/worker: gets DAPS, next to a stand-in for the daprd that Dapr will add\n");
    const after = stdout.split("\n");
    expect(before.split("\n").filter((line) => !after.includes(line))).toEqual([]);
    for (const line of ["        - name: daprd", "        - name: daps", '            - "9696"']) {
      expect(after).toContain(line);
    }
  });

  it("gives its own output back unchanged", async () => {
    const { stdout } = await daps(["inject", "-f", "several.yaml"]);
    const again = await daps(["inject", "-f", "-"], { stdin: stdout });
    expect(again.stdout.replaceAll(/^# Pods as.*\n/gm, "")).toBe(stdout.replaceAll(/^# Pods as.*\n/gm, ""));
  });

  it("writes more than a pipe holds, and stops when nobody reads on", async () => {
    const stdin = Array.from({ length: 100 }, async () => `---\n${await text("worker.yaml")}`);
    const manifest = (await Promise.all(stdin)).join("");
    const { code, stdout } = await daps(["inject", "-f", "-"], { stdin: manifest });
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(300_000);
    expect(stdout.match(/- name: daprd$/gm)).toHaveLength(100);
    const cut = await daps(["inject", "-f", "-"], { stdin: manifest, readAtMost: 1 });
    expect(cut.code).toBe(0);
    expect(cut.stderr).not.toContain("EPIPE");
  });
});

describe("daps explain", () => {
  it("explains one setting", async () => {
    const { code, stdout } = await daps(["explain", "settle"]);
    expect(code).toBe(0);
    expect(stdout).toContain("daps.io/settle\n");
    expect(stdout).toMatch(/^ {2}default +400ms$/m);
  });

  it("suggests the right key for a wrong one", async () => {
    expect(await daps(["explain", "setle"])).toEqual({
      code: 2,
      stdout: "",
      stderr: 'daps: Cannot explain "setle": it is not a setting of DAPS; did you mean settle?\n',
    });
  });
});
