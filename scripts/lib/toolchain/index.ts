/**
 * What the scripts need besides Node: Debian packages, programs built from Go modules, Helm.
 *
 * @module
 */
export { cached, cacheFolder, exists, key, repositoryRoot } from "./cache.ts";
export { ensureDebianPackages, updatePackageLists } from "./debian.ts";
export { ensureHelm } from "./helm.ts";
export { withLock } from "./lock.ts";
export { capture, execute, type ExecuteOptions, type Output, ProcessError } from "./process.ts";
export { ensureProgram, moduleFolder, moduleVersion, programBinaries, type ProgramName } from "./programs.ts";
export { elapsed, progress } from "./progress.ts";
