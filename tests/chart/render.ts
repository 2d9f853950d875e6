/** The chart as Helm renders it. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { ensureHelm, execute, type Output, repositoryRoot } from "../../scripts/lib/toolchain/index.ts";

export const CHART: string = join(repositoryRoot, "chart");

/** Of chart/ci: each holds a configuration that is supported. */
export const VALUES_FILES: readonly string[] = readdirSync(join(CHART, "ci")).filter((name) =>
  name.endsWith("-values.yaml")
);

export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
} & Readonly<Record<string, unknown>>;

export type RenderOptions = {
  /** The release's. */
  readonly namespace?: string;
  /** A file of chart/ci. */
  readonly values?: string;
  /** As in `--set`. */
  readonly set?: readonly string[];
  readonly kubeVersion?: string;
};

/** Runs helm to its end, whatever that is. */
export async function helm(...args: string[]): Promise<Output> {
  return await execute(join(await ensureHelm(), "helm"), args, { allowFailure: true });
}

/** `helm template` to its end, whatever that is. */
export async function template(options: RenderOptions = {}): Promise<Output> {
  return await helm(
    ...["template", "daps", CHART, "--namespace", options.namespace ?? "default"],
    ...(options.values === undefined ? [] : ["--values", join(CHART, "ci", options.values)]),
    ...(options.set ?? []).flatMap((value) => ["--set", value]),
    ...(options.kubeVersion === undefined ? [] : ["--kube-version", options.kubeVersion]),
  );
}

/** @throws when Helm refuses */
export async function render(options: RenderOptions = {}): Promise<readonly Manifest[]> {
  const { code, stdout, stderr } = await template(options);
  if (code !== 0) throw new Error(`Cannot render the chart: ${stderr}`);
  return parseAllDocuments(stdout, { uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) throw new Error(`Cannot read what the chart renders: ${document.errors.join()}`);
    return document.toJS() as Manifest | null;
  }).filter((manifest) => manifest !== null);
}

/** @throws when there is not exactly one */
export function find(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
  const [first, ...others] = found;
  if (!first || others.length > 0) {
    throw new RangeError(`Cannot find one ${kind} ${name ?? ""}: there are ${found.length}`);
  }
  return first;
}

/** The webhook's. */
export function deployment(manifests: readonly Manifest[]): Deployment {
  return find(manifests, "Deployment") as unknown as Deployment;
}

/** What of a Deployment the tests read. */
export type Deployment = {
  readonly spec: {
    readonly replicas: number;
    readonly strategy: unknown;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
      readonly spec: PodSpec;
    };
  };
};

export type PodSpec = Readonly<Record<string, unknown>> & {
  readonly containers: readonly [{
    readonly image: string;
    readonly imagePullPolicy: string;
    readonly command: readonly string[];
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly readinessProbe: unknown;
    readonly livenessProbe: unknown;
    readonly resources: unknown;
    readonly securityContext: unknown;
    readonly volumeMounts: readonly { readonly mountPath: string }[];
  }];
};
