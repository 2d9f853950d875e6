/**
 * `daps inject`: a manifest with its pods as they would run.
 * @module
 */
import { assess, type Assessment } from "./check/assessment.ts";
import { SAMPLE_TOKEN } from "./check/command.ts";
import { titleOf } from "./check/print.ts";
import { sentenceOf } from "./check/reasons.ts";
import { type InstallationOptions, readInstallation } from "./installation.ts";
import { problemLine, readManifests } from "./manifest/documents.ts";
import { rewrite } from "./manifest/rewrite.ts";
import { findWorkloads, templateOf, type Workload } from "./manifest/workloads.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";

export type InjectOptions = InstallationOptions & { readonly filename: string };

/**
 * Writes the manifest to standard output, and what DAPS has to say to standard error. If a part of the input can't be
 * used, nothing is written: half a manifest helps nobody.
 */
export async function inject(options: InjectOptions, terminal: Terminal): Promise<ExitCode> {
  const installation = await readInstallation(options, terminal);
  const { documents, problems } = await readManifests([options.filename], terminal);
  const found = documents.map((document) => ({ document, ...findWorkloads(document) }));
  const all = [...problems, ...found.flatMap((each) => each.problems)];
  for (const problem of all) terminal.err(problemLine(problem));
  if (all.length > 0) return EXIT.unusable;

  let findings = 0;
  const texts = found.map(({ document, workloads }) => {
    const assessments = workloads.map((workload) => assess(workload, installation, SAMPLE_TOKEN));
    for (const assessment of assessments) {
      findings += assessment.findings.length;
      report(assessment, terminal);
    }
    const injected = assessments.filter((each) => each.injected);
    return injected.length === 0 ? document.source : noted(rewrite(document, injected.map(replacement)));
  });
  terminal.out(texts.join(""));
  return findings > 0 ? EXIT.findings : EXIT.fine;
}

function replacement({ workload, pod }: Assessment): { path: Workload["path"]; from: unknown; to: unknown } {
  return { path: workload.path, from: workload.template, to: templateOf(workload, pod) };
}

function report({ workload, reason, daprd, findings }: Assessment, terminal: Terminal): void {
  const simulated = daprd?.simulated ? ", next to a stand-in for the daprd that Dapr will add" : "";
  terminal.err(`${titleOf(workload)}: ${sentenceOf(reason)}${reason === "injected" ? simulated : ""}\n`);
  for (const { id, message } of findings) terminal.err(`  warning: ${message} [${id}]\n`);
}

const NOTE = "# Pods as they would run, by daps inject: to read and compare, not to apply.\n";

/** Below the separator; JSON has no comments. */
function noted(text: string): string {
  return /^\s*(?:---\s*)?\{/.test(text) ? text : text.replace(/^(?:---[^\n]*\n)?/, (separator) => separator + NOTE);
}
