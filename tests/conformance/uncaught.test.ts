/** What nobody has caught does not end the process where somebody listens. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { expect, it } from "vitest";

async function run(...args: string[]): Promise<{ said: string; code: unknown }> {
  const words = "deno" in process.versions ? ["run", "--allow-all"] : [];
  const program = join(import.meta.dirname, "uncaught-process.ts");
  const child = spawn(process.execPath, [...words, program, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout.on("data", (text: Buffer) => {
    said += text.toString();
  });
  const [code] = await once(child, "close");
  return { said, code };
}

it("tells of errors that were thrown and rejected, and lives on", async () => {
  expect(await run("caught")).toEqual({ said: "TypeError: thrown\nRangeError: rejected\nlives\n", code: 0 });
});

it("would end the process else", async () => {
  const { said, code } = await run();
  expect(said).not.toContain("lives");
  expect(code).not.toBe(0);
});
