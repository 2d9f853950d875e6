import { describe, expect, it } from "vitest";
import { changeFlag, flag, hasFlag, removeFlag, setFlag } from "../../services/core/admission/flags.ts";
import type { Container, Pod } from "../../services/core/admission/pod.ts";
import { admitPod, configIn } from "../fixtures/admitting.ts";
import { containerOf, podOf } from "../fixtures/pods.ts";

/** A recorded pod in which daprd has these words for its own. */
function withArgs(words: Pick<Container, "args" | "command">, name = "ordinary"): Pod {
  const pod = podOf(name);
  const daprd = containerOf(pod, "daprd");
  delete daprd.args;
  Object.assign(daprd, words);
  return pod;
}

const daprdOf = (pod: Pod) => containerOf(admitPod(pod).pod, "daprd");

describe("daprd's flags", () => {
  const two = ["/daprd", "--app-port", "3000", "--app-channel-address", "127.0.0.2", "--log-level", "info"];
  const one = ["/daprd", "--app-port=3000", "--app-channel-address=127.0.0.2", "--log-level=info"];
  const changedTwo = ["/daprd", "--app-port", "9696", "--app-channel-address", "127.0.0.1", "--log-level", "info"];
  const changedOne = ["/daprd", "--app-port=9696", "--app-channel-address=127.0.0.1", "--log-level=info"];
  const debug = ["/dlv", "--listen", ":40000", "exec", "/daprd", "--"];

  it.each<[string, Pick<Container, "args" | "command">, Pick<Container, "args" | "command">]>([
    ["two items in args", { args: two }, { args: changedTwo }],
    ["one item in args", { args: one }, { args: changedOne }],
    ["two items in command", { command: two }, { command: changedTwo }],
    ["one item in command", { command: one }, { command: changedOne }],
    ["args beside a command", { command: ["/daprd"], args: two.slice(1) }, {
      command: ["/daprd"],
      args: changedTwo.slice(1),
    }],
    ["args behind a debugger's", { args: [...debug, ...two.slice(1)] }, { args: [...debug, ...changedTwo.slice(1)] }],
    ["one dash", { args: ["/daprd", "-app-port", "3000"] }, { args: ["/daprd", "-app-port", "9696"] }],
  ])("are changed in place: %s", (_, before, after) => {
    const { args, command } = daprdOf(withArgs(before));
    expect({ args, command }).toEqual({ args: undefined, command: undefined, ...after });
    expect(configIn(admitPod(withArgs(before)).pod).app.port).toBe(3000);
  });

  it("are read as daprd reads them: the last one wins", () => {
    const pod = withArgs({ args: ["/daprd", "--app-port=1", "--app-port", "3001"] });
    expect(configIn(admitPod(pod).pod).app.port).toBe(3001);
    expect(daprdOf(pod).args).toEqual(["/daprd", "--app-port=1", "--app-port", "9696"]);
  });

  it("tell where Dapr's API is", () => {
    const args = ["--app-port", "3000", "--dapr-http-port=3600", "--dapr-public-port", "3601"];
    expect(configIn(admitPod(withArgs({ args })).pod).daprd).toMatchObject({ httpPort: 3600, publicPort: 3601 });
  });

  it.each(["", "0", "99999", "x", "-1", "1e3"])("are left out of account where they can't be: %j", (value) => {
    const args = ["--app-port", "3000", "--dapr-http-port", value];
    expect(configIn(admitPod(withArgs({ args })).pod).daprd.httpPort).toBe(3500);
  });

  it.each<[string[], string]>([
    [["--app-protocol", "grpc"], "grpc"],
    [["--app-protocol=grpc", "--app-ssl"], "grpcs"],
    [["--app-protocol", "h2c"], "h2c"],
    [["--app-protocol", "https"], "https"],
    [["--app-ssl"], "https"],
    [["--app-ssl=true"], "https"],
    [["--app-ssl=false"], "http"],
    [[], "http"],
  ])("%j tell the protocol %s", (words, protocol) => {
    expect(configIn(admitPod(withArgs({ args: ["--app-port", "3000", ...words] })).pod).app.protocol).toBe(protocol);
  });
});

describe("daprd's own end", () => {
  const graceful = (pod: Pod) => flag(daprdOf(pod), "dapr-graceful-shutdown-seconds");
  const args = (...words: string[]) => withArgs({ args: ["/daprd", "--app-port", "3000", ...words] });
  const native = (...words: string[]) => withArgs({ args: ["/daprd", "--app-port", "3000", ...words] }, "native");

  it("has at most 25 s, past which Dapr discards what is parked", () => {
    expect(graceful(podOf("graceful-60"))).toBe("25");
    expect(graceful(args("--dapr-graceful-shutdown-seconds=26"))).toBe("25");
    expect(graceful(args("--dapr-graceful-shutdown-seconds", "0"))).toBe("25");
    expect(graceful(args("--dapr-graceful-shutdown-seconds", "25"))).toBe("25");
    expect(graceful(args("--dapr-graceful-shutdown-seconds", "1"))).toBe("1");
  });

  it("is Dapr's default where nothing is said and it is ordinary", () => {
    expect(graceful(podOf("ordinary"))).toBe("-1");
    expect(graceful(args())).toBe(undefined);
  });

  it("has 2 s where nothing is said and it is native", () => {
    expect(graceful(podOf("native"))).toBe("2");
    expect(graceful(native())).toBe("2");
    expect(graceful(withArgs({ command: ["/daprd", "--app-port=3000"] }, "native"))).toBe("2");
    expect(graceful(podOf("graceful-10-native"))).toBe("10");
    expect(graceful(native("--dapr-graceful-shutdown-seconds", "0"))).toBe("25");
  });

  it("is left alone where the value can't be read", () => {
    expect(graceful(args("--dapr-graceful-shutdown-seconds", "x"))).toBe("x");
  });

  it("is not blocked, with a warning that says so", () => {
    const { ids, warnings, pod } = admitPod(podOf("block-shutdown"));
    expect(containerOf(pod, "daprd").args?.join(" ")).not.toContain("block-shutdown");
    expect(ids).toEqual(["block-shutdown"]);
    expect(warnings[0]?.message).toMatch(/dapr.io\/block-shutdown-duration.*remove the annotation/);
    const twice = args("--dapr-block-shutdown-duration", "60s", "--dapr-block-shutdown-duration=1s", "--x");
    expect(daprdOf(twice).args).toEqual(["/daprd", "--app-port", "9696", "--x"]);
  });
});

describe("a flag", () => {
  const container = (...args: string[]): Container => ({ name: "daprd", args });

  it("is not one whose name is longer, or that is another's value by itself", () => {
    expect(flag(container("--app-port-x", "1"), "app-port")).toBe(undefined);
    expect(flag({ name: "daprd" }, "app-port")).toBe(undefined);
    expect(flag(container("--app-port"), "app-port")).toBe(undefined);
    expect(flag(container("--app-port="), "app-port")).toBe("");
  });

  it("is changed only where it is, and set anywhere", () => {
    const absent = container("/daprd");
    changeFlag(absent, "app-port", "1");
    expect(absent.args).toEqual(["/daprd"]);
    setFlag(absent, "app-port", "1");
    setFlag(absent, "app-port", "2");
    expect(absent.args).toEqual(["/daprd", "--app-port", "2"]);
    const nothing: Container = { name: "daprd" };
    setFlag(nothing, "app-port", "1");
    expect(nothing).toEqual({ name: "daprd" });
  });

  it("is taken away with its value", () => {
    const both = container("--a", "1", "--b=2", "--a=3", "c");
    expect(removeFlag(both, "a")).toBe(true);
    expect(both.args).toEqual(["--b=2", "c"]);
    expect(removeFlag(both, "a")).toBe(false);
  });

  it.each([["--app-ssl", true], ["--app-ssl=1", true], ["--app-ssl=T", true], ["--app-ssl=0", false], ["--no", false]])(
    "that is a truth value reads %s as %j",
    (word, expected) => expect(hasFlag(container(word), "app-ssl")).toBe(expected),
  );
});

describe("Dapr's app-health probe", () => {
  const port = ["/daprd", "--app-port", "3000"];

  it.each<[string, string[], string | null]>([
    ["off", [], null],
    ["off, with a path all the same", ["--app-health-check-path", "/alive"], null],
    ["on, with Dapr's own path", ["--enable-app-health-check"], "/healthz"],
    ["on, with a path", ["--enable-app-health-check", "--app-health-check-path", "/alive"], "/alive"],
    ["on, with a path that lacks its slash", ["--enable-app-health-check", "--app-health-check-path=alive"], "/alive"],
  ])("is told to the sidecar: %s", (_, flags, healthPath) => {
    expect(configIn(admitPod(withArgs({ args: [...port, ...flags] })).pod).app.healthPath).toBe(healthPath);
  });
});
