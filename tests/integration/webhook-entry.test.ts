/** The `daps` entry, by its command line. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { DapsProcess } from "./webhook/process.ts";

async function daps(...args: string[]) {
  const daps = new DapsProcess(args, {}, ["--allow-env"]);
  return { code: await daps.exit, stdout: daps.stdout, stderr: daps.stderr };
}

it("says its version", async () => {
  const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(await daps("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

it("lists its roles", async () => {
  const { code, stdout, stderr } = await daps("--help");
  expect([code, stderr]).toEqual([0, ""]);
  for (const role of ["webhook", "sidecar", "check", "inject", "explain", "status"]) {
    expect(stdout).toMatch(new RegExp(`^  ${role}  `, "m"));
  }
});

it.each([[[]], [["webhok"]], [["constructor"]]])("refuses %j with its usage", async (args) => {
  const { code, stdout, stderr } = await daps(...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("Usage: daps <role>");
  if (args[0]) expect(stderr).toContain(`Unknown role "${args[0]}"`);
});

it("says in one line what a role lacks", async () => {
  expect(await daps("webhook")).toEqual({
    code: 1,
    stdout: "",
    stderr: "daps: Cannot start as environment variable DAPS_WEBHOOK is not set\n",
  });
});
