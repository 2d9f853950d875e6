/**
 * What peers are started from: tools, and DAPS in the form in which it ships.
 * @module
 */
import { join } from "node:path";
import { writeBundle, writeProgram } from "../../build/bundle.ts";
import type { Tools } from "./tools.ts";

export type Programs = Tools & {
  /** The folder that holds what the image has in /daps. */
  readonly bundle: string;
  /** The folder that holds bare.ts as a bundle of its own. */
  readonly bare: string;
};

/** @param folder receives DAPS, and the least that a relay on its runtime is */
export async function bundled(tools: Tools, folder: string): Promise<Programs> {
  const programs = { ...tools, bundle: join(folder, "daps"), bare: join(folder, "bare") };
  await writeBundle(programs.bundle);
  await writeProgram(join(import.meta.dirname, "bare.ts"), programs.bare);
  return programs;
}
