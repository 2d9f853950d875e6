/** `status`, by the real entry, with the Kubernetes client and a client certificate, against a small API server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ApiServer } from "./api-server.ts";
import { daps } from "./process.ts";

const SERVING = {
  phase: "serving",
  since: "2026-11-23T06:48:52.724Z",
  inFlight: { delivery: 0, call: 0, opaque: 0 },
  parked: 0,
  busy: { source: "endpoint", value: false, reason: "count 0" },
  waitingFor: null,
  deadline: null,
};

let api: ApiServer;
beforeAll(async () => {
  api = await ApiServer.start();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});
beforeEach(() => {
  api.pods = [
    {
      namespace: "orders",
      name: "worker-1",
      status: SERVING,
      annotations: { "daps.io/warnings": "daps: one [x]\ndaps: two [y]" },
    },
    { namespace: "orders", name: "worker-2", annotations: { "daps.io/warnings": "daps: one [x]" } },
    { namespace: "orders", name: "odd", status: "<html>" },
    { namespace: "orders", name: "done", phase: "Succeeded" },
    { namespace: "orders", name: "other", labels: {} },
    {
      namespace: "billing",
      name: "worker-3",
      status: { ...SERVING, phase: "draining", deadline: "2026-11-23T06:50:00Z" },
    },
  ];
  api.pageSize = 500;
  api.requests.length = 0;
});

const status = (...args: string[]) => daps(["status", ...args], { env: { KUBECONFIG: api.kubeconfig } });

describe("daps status", () => {
  it("logs in with a client certificate, and asks each pod of the context's namespace", async () => {
    const { code, stdout, stderr } = await status();
    expect([code, stderr]).toEqual([1, ""]);
    expect(stdout.split("\n").slice(1, 5).map((line) => line.split(/ {2,}/).toSpliced(3, 1))).toEqual([
      ["orders", "worker-1", "serving", "0", "0", "no", "-", "-"],
      [
        ...["orders", "worker-2", "?", "-", "-", "-", "-"],
        "503 error trying to reach service: dial tcp 10.0.0.7:9697: connect: connection refused",
      ],
      ["orders", "odd", "?", "-", "-", "-", "-", expect.stringContaining("the answer is no status of DAPS")],
      ["orders", "done", "ended", "-", "-", "-", "-", "-"],
    ]);
    expect(stdout).toContain("\ndaps: one [x]\n  on orders/worker-1, orders/worker-2\n");
    expect(api.requests[0]).toMatch(
      /^GET \/api\/v1\/namespaces\/orders\/pods\?.*labelSelector=daps\.io%2Finjected%3Dtrue/,
    );
    expect(api.requests.slice(1).filter((request) => !request.endsWith("/proxy/status"))).toEqual([]);
  });

  it("asks all namespaces, page by page", async () => {
    api.pageSize = 2;
    const { code, stdout } = await status("-A", "--json");
    expect(code).toBe(1);
    const rows = JSON.parse(stdout) as { name: string; status: unknown; warnings: string[] }[];
    expect(rows.map(({ name }) => name)).toEqual(["worker-1", "worker-2", "odd", "done", "worker-3"]);
    expect(rows[0]).toMatchObject({ status: SERVING, warnings: ["daps: one [x]", "daps: two [y]"] });
    expect(api.requests.filter((request) => request.includes("/pods?"))).toHaveLength(3);
  });

  it("asks one pod", async () => {
    const { code, stdout } = await status("-n", "billing", "worker-3");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^billing +worker-3 +draining .* ago /m);
    expect(await status("other")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Pod orders/other has no DAPS"),
    });
  });

  it("says that there are none", async () => {
    expect(await status("-n", "empty")).toEqual({
      code: 0,
      stdout: "",
      stderr: "No pods with DAPS in namespace empty\n",
    });
  });

  it.each([
    [["missing"], /^daps: Cannot read the pod at https:\/\/127\.0\.0\.1:\d+: 404 pods "missing" not found\n$/],
    [["-n", "forbidden"], /^daps: Cannot list pods at .*: 403 pods is forbidden: .*\n$/],
    [
      ["--context", "nowhere"],
      /^daps: Cannot use --context: accepted is one of test, anonymous; received "nowhere"\n$/,
    ],
    [["--context", "anonymous"], /^daps: Cannot list pods at https:.*\n$/],
    [["--kubeconfig", "missing"], /^daps: Cannot read the kubeconfig missing: .*\n$/],
    [["-A", "-n", "x"], /^daps: Cannot combine --all-namespaces with --namespace: choose one\n$/],
  ])("fails with one line for %j", async (args, message) => {
    const { code, stdout, stderr } = await status(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });

  it("says what it lacks without a kubeconfig", async () => {
    expect(await daps(["status"])).toEqual({
      code: 2,
      stdout: "",
      stderr: "daps: Cannot find a cluster: there is no kubeconfig, neither in KUBECONFIG nor in ~/.kube/config\n",
    });
  });
});
