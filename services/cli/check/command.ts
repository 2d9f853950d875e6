/**
 * `daps check`: what DAPS would do with the pods of a manifest, and what stands in its way.
 * @module
 */
import { type InstallationOptions, readInstallation } from "../installation.ts";
import { problemLine, readManifests } from "../manifest/documents.ts";
import { findWorkloads } from "../manifest/workloads.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { assess } from "./assessment.ts";
import { asJson, asText } from "./print.ts";

export type CheckOptions = InstallationOptions & {
  readonly filename: readonly string[];
  readonly json?: boolean;
  readonly all?: boolean;
};

/** Stands for the random value that the webhook puts into each pod. */
export const SAMPLE_TOKEN = "chosen-at-admission";

/** What can be used is assessed and printed even if a part of the input can't be. */
export async function check(options: CheckOptions, terminal: Terminal): Promise<ExitCode> {
  const installation = await readInstallation(options, terminal);
  const manifests = await readManifests(options.filename, terminal);
  const found = manifests.documents.map(findWorkloads);
  const problems = [...manifests.problems, ...found.flatMap((each) => each.problems)];
  const assessments = found.flatMap(({ workloads }) => workloads)
    .map((workload) => assess(workload, installation, SAMPLE_TOKEN));

  for (const problem of problems) terminal.err(problemLine(problem));
  if (options.json) terminal.out(asJson(assessments, problems));
  else if (assessments.length > 0 || problems.length === 0) terminal.out(asText(assessments, options.all ?? false));
  if (problems.length > 0) return EXIT.unusable;
  return assessments.some(({ findings }) => findings.length > 0) ? EXIT.findings : EXIT.fine;
}
