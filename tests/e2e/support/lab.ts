/** The lab that a file's tests share. @module */
import { afterAll } from "vitest";
import { type Lab, openLab } from "../../../scripts/lib/proof/index.ts";

/** To be called once, before the tests: the lab is closed after the last of them. */
export async function openSharedLab(): Promise<Lab> {
  const lab = await openLab();
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });
  return lab;
}
