/**
 * What the commands assume about the cluster: how DAPS and Dapr would be installed there.
 * @module
 */
import { parse } from "yaml";
import type { AdmissionOptions } from "../core/admission/admit.ts";
import { SETTING_NAMES, SETTINGS } from "../core/settings.ts";
import { errorMessage } from "../host/log.ts";
import type { InjectorOptions } from "./dapr-injector.ts";
import { isRecord, KUBERNETES_YAML } from "./manifest/documents.ts";
import { type Terminal, UsageError } from "./terminal.ts";

export type InstallationOptions = {
  /** A values file of the chart. */
  readonly values?: string;
  readonly kubeVersion?: string;
  readonly daprNative?: boolean;
};

export type Installation = { readonly daps: AdmissionOptions; readonly dapr: InjectorOptions };

/** First minor version of Kubernetes 1 that has native sidecars without a feature gate. */
const NATIVE_SINCE = 29;

/** @throws {UsageError} for a values file or a version that can't be used */
export async function readInstallation(options: InstallationOptions, terminal: Terminal): Promise<Installation> {
  const values = options.values === undefined ? {} : await readValues(options.values, terminal);
  const chart: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) {
    const path = SETTINGS[name].chart;
    if (path !== null) chart[path] = at(values, path);
  }
  const repository = text(at(values, "image.repository")) ?? "daps";
  const tag = text(at(values, "image.tag"));
  return {
    daps: {
      chart,
      image: tag === undefined ? repository : `${repository}:${tag}`,
      imagePullPolicy: text(at(values, "image.pullPolicy")),
      nativeSupported: options.kubeVersion === undefined || hasNativeSidecars(options.kubeVersion),
    },
    dapr: { native: options.daprNative ?? false },
  };
}

async function readValues(file: string, terminal: Terminal): Promise<Readonly<Record<string, unknown>>> {
  let values: unknown;
  try {
    values = parse(await terminal.read(file), KUBERNETES_YAML) ?? {};
  } catch (error) {
    throw new UsageError(`Cannot read the values file ${file}: ${errorMessage(error).split("\n")[0]}`);
  }
  if (!isRecord(values)) throw new UsageError(`Cannot read the values file ${file}: it must hold a map`);
  return values;
}

function hasNativeSidecars(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) {
    throw new UsageError(
      `Cannot use --kube-version: accepted is a version such as 1.35; received ${JSON.stringify(version)}`,
    );
  }
  return Number(major) > 1 || Number(minor) >= NATIVE_SINCE;
}

function at(values: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => isRecord(inner) ? inner[key] : undefined, values);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
