/**
 * Assessments for people and for programs.
 * @module
 */
import { formatDuration } from "../../core/duration.ts";
import type { ReadyCheck, SidecarConfig } from "../../core/sidecar-config.ts";
import type { InputProblem } from "../manifest/documents.ts";
import type { Workload } from "../manifest/workloads.ts";
import { columns, counted, paragraph, table } from "../table.ts";
import { json } from "../terminal.ts";
import type { Assessment } from "./assessment.ts";
import { sentenceOf } from "./reasons.ts";

const INDENT = "  ";

/** @param all also the settings that have their default */
export function asText(assessments: readonly Assessment[], all: boolean): string {
  if (assessments.length === 0) return "Nothing here makes pods.\n";
  return assessments.map((each) => `${one(each, all)}\n`).join("") + summary(assessments);
}

/** `Deployment orders/worker` */
export function titleOf({ kind, namespace, name }: Workload): string {
  return `${kind} ${namespace === null ? "" : `${namespace}/`}${name}`;
}

function one(assessment: Assessment, all: boolean): string {
  const { workload, reason, settings, findings } = assessment;
  const { file, index } = workload.document;
  const shown = settings.filter(({ source }) => all || source !== "default");
  return [
    `${titleOf(workload)} (${file}, document ${index}): ${sentenceOf(reason)}\n`,
    columns(facts(assessment), INDENT),
    shown.length === 0
      ? ""
      : `\n${
        table(["setting", "value", "from"], shown.map((each) => [each.key, each.value ?? "-", each.source]), INDENT)
      }`,
    ...findings.map(({ id, message }) => `\n${paragraph(`warning: ${message} [${id}]`, INDENT)}`),
  ].join("");
}

function facts({ daprd, daps }: Assessment): [string, string][] {
  const rows: [string, string][] = [];
  if (daprd) rows.push(["daprd", mode(daprd.native) + (daprd.simulated ? ", as Dapr's injector will add it" : "")]);
  if (!daps) return rows;
  const { app, ready, busy, gracePeriodMs, drainMarginMs } = daps.config;
  rows.push(
    ["daps", mode(daps.native)],
    ["app", `container ${app.container}, port ${app.port}, ${app.relay ? app.protocol : "not called by Dapr"}`],
    ["ready", `${readiness(ready)}, asked every ${formatDuration(ready.intervalMs)}`],
    ["busy", `GET ${busy.path}${busy.binding ? "" : " if the app has it"}, and what is in flight`],
    [
      "drain",
      `${formatDuration(Math.max(0, gracePeriodMs - drainMarginMs))} at most, of a grace period of ${
        formatDuration(gracePeriodMs)
      }`,
    ],
  );
  return rows;
}

function mode(native: boolean): string {
  return native ? "native sidecar" : "ordinary container";
}

function readiness({ check, source, timeoutMs }: SidecarConfig["ready"]): string {
  const end = timeoutMs === null ? "" : `, for ${formatDuration(timeoutMs)} at most`;
  return `${checkText(check)} (${source})${end}`;
}

function checkText(check: ReadyCheck): string {
  switch (check.kind) {
    case "http":
      return `${check.get.scheme === "https" ? "HTTPS " : ""}GET ${check.get.path} on port ${check.get.port}`;
    case "tcp":
      return `port ${check.port} accepts`;
    case "grpc":
      return `gRPC health on port ${check.port}`;
  }
}

function summary(assessments: readonly Assessment[]): string {
  const injected = assessments.filter((each) => each.injected).length;
  const warnings = assessments.reduce((sum, { findings }) => sum + findings.length, 0);
  return `${counted(assessments.length, "workload")}: ${injected} with DAPS, ${
    assessments.length - injected
  } left alone; ${counted(warnings, "warning")}\n`;
}

export function asJson(assessments: readonly Assessment[], problems: readonly InputProblem[]): string {
  return json({ workloads: assessments.map(plain), problems });
}

function plain({ workload, injected, reason, daprd, daps, settings, findings }: Assessment): object {
  const { document: { file, index }, kind, namespace, name } = workload;
  return {
    ...{ file, document: index, kind, namespace, name },
    verdict: injected ? "inject" : "skip",
    reason,
    daprd,
    daps,
    settings: Object.fromEntries(settings.map(({ key, value, source }) => [key, { value, source }])),
    warnings: findings,
  };
}
