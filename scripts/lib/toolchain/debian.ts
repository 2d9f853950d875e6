/**
 * Debian packages.
 *
 * @module
 */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { exists } from "./cache.ts";
import { withLock } from "./lock.ts";
import { execute } from "./process.ts";
import { progress } from "./progress.ts";

const LOCK = "/run/lock/daps-packages.lock";
const POLICY = "/usr/sbin/policy-rc.d";
const POLICY_ASIDE = "/usr/sbin/policy-rc.d.before-daps";
const POLICY_TEXT =
  "#!/bin/sh\n# Written by DAPS's scripts while they install packages: no service may start.\nexit 101\n";

/** Installs those of the packages that are missing. None of the services in them is started on this machine. */
export async function ensureDebianPackages(names: string[]): Promise<void> {
  if ((await missing(names)).length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new Error(`Cannot install Debian packages as this takes root: received ${(await missing(names)).join(" ")}`);
  }
  await withLock(LOCK, async () => {
    const wanted = await missing(names);
    if (wanted.length === 0) return;
    await progress(`installing the Debian packages ${wanted.join(" ")}`, async () => {
      await withoutServiceStarts(async () => {
        await updatePackageLists();
        await apt("install", "--yes", "--no-install-recommends", ...wanted);
      });
    });
  });
}

let updated: Promise<void> | undefined;

/** Fetches Debian's package lists, once in a process's life. */
export function updatePackageLists(): Promise<void> {
  return updated ??= apt("update");
}

async function apt(...args: string[]): Promise<void> {
  await execute("apt-get", ["--quiet", "-o", "DPkg::Lock::Timeout=300", ...args], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
}

async function missing(names: string[]): Promise<string[]> {
  const { stdout } = await execute("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n", ...names], {
    allowFailure: true,
  });
  const installed = new Set(
    stdout.split("\n").filter((line) => line.endsWith(" installed")).map((line) => line.split(" ")[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** The machine's own policy, if it has one, is put aside and back; one that an interrupted run left is ours to replace. */
async function withoutServiceStarts(action: () => Promise<void>): Promise<void> {
  const present = await readFile(POLICY, "utf8").catch(() => undefined);
  if (present !== undefined && present !== POLICY_TEXT) await rename(POLICY, POLICY_ASIDE);
  await writeFile(POLICY, POLICY_TEXT, { mode: 0o755 });
  try {
    await action();
  } finally {
    if (await exists(POLICY_ASIDE)) await rename(POLICY_ASIDE, POLICY);
    else await rm(POLICY, { force: true });
  }
}
