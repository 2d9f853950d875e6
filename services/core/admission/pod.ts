/**
 * The parts of a pod that DAPS reads or writes. Everything else passes through untouched.
 * @module
 */
import * as v from "valibot";

const maybe = <T extends v.GenericSchema>(schema: T) => v.nullish(schema);
const text = v.string();
const portRef = v.union([v.number(), text]);

const httpGet = v.looseObject({
  path: maybe(text),
  port: portRef,
  host: maybe(text),
  scheme: maybe(text),
  httpHeaders: maybe(v.array(v.looseObject({ name: text, value: text }))),
});

const handler = v.looseObject({
  httpGet: maybe(httpGet),
  exec: maybe(v.looseObject({})),
  sleep: maybe(v.looseObject({ seconds: v.number() })),
});

const probe = v.looseObject({
  httpGet: maybe(httpGet),
  tcpSocket: maybe(v.looseObject({ port: portRef, host: maybe(text) })),
  grpc: maybe(v.looseObject({ port: v.number(), service: maybe(text) })),
  exec: maybe(v.looseObject({})),
});

const container = v.looseObject({
  name: text,
  command: maybe(v.array(text)),
  args: maybe(v.array(text)),
  env: maybe(v.array(v.looseObject({ name: text, value: maybe(text) }))),
  ports: maybe(v.array(v.looseObject({ name: maybe(text), containerPort: v.number(), protocol: maybe(text) }))),
  lifecycle: maybe(v.looseObject({ preStop: maybe(handler) })),
  readinessProbe: maybe(probe),
  restartPolicy: maybe(text),
});

const pod = v.looseObject({
  metadata: maybe(v.looseObject({
    name: maybe(text),
    generateName: maybe(text),
    annotations: maybe(v.record(text, text)),
    labels: maybe(v.record(text, text)),
    ownerReferences: maybe(v.array(v.looseObject({ kind: text, controller: maybe(v.boolean()) }))),
  })),
  spec: v.looseObject({
    containers: v.array(container),
    initContainers: maybe(v.array(container)),
    volumes: maybe(v.array(v.looseObject({ name: text }))),
    hostNetwork: maybe(v.boolean()),
    restartPolicy: maybe(text),
    terminationGracePeriodSeconds: maybe(v.number()),
    securityContext: maybe(v.looseObject({ runAsUser: maybe(v.number()) })),
    os: maybe(v.looseObject({ name: text })),
    nodeSelector: maybe(v.record(text, text)),
  }),
});

export type Pod = v.InferOutput<typeof pod>;
export type Container = v.InferOutput<typeof container>;
export type Handler = v.InferOutput<typeof handler>;
export type PodHttpGet = v.InferOutput<typeof httpGet>;

/** A copy of `object` as a pod, or undefined if it does not have a pod's form. */
export function readPod(object: unknown): Pod | undefined {
  // Not the schema's output: that one lacks keys such as `constructor`, which are good names for labels.
  return v.is(pod, object) ? structuredClone(object) : undefined;
}

export function annotationsOf(pod: Pod): Readonly<Record<string, string>> {
  return pod.metadata?.annotations ?? {};
}

/** Where daprd is: Dapr's injector adds it to the containers, or with its native mode to the init containers. */
export type Daprd = { readonly container: Container; readonly native: boolean };

/** The container that Dapr's injector adds (`pkg/injector/patcher/sidecar_patcher.go`). */
export const DAPRD = "daprd";
/** The container that DAPS adds. */
export const DAPS = "daps";

export function findDaprd(pod: Pod): Daprd | undefined {
  const ordinary = pod.spec.containers.find(({ name }) => name === DAPRD);
  if (ordinary) return { container: ordinary, native: false };
  const native = pod.spec.initContainers?.find(({ name }) => name === DAPRD);
  return native && { container: native, native: true };
}

export function findDaps(pod: Pod): Container | undefined {
  return [...pod.spec.containers, ...pod.spec.initContainers ?? []].find(({ name }) => name === DAPS);
}

/** Whether a Job made the pod (the Job controller sets itself as the controlling owner). */
export function isOfJob(pod: Pod): boolean {
  return pod.metadata?.ownerReferences?.some(({ kind, controller }) => kind === "Job" && controller === true) ?? false;
}

/** `terminationGracePeriodSeconds`, with the default that the API server fills in. */
export function graceSeconds(pod: Pod): number {
  return Math.max(0, pod.spec.terminationGracePeriodSeconds ?? 30);
}

/** Dapr's annotations and flags are whole numbers in digits (`strconv.Atoi`); undefined if `text` is no port. */
export function portOf(text: string | null | undefined): number | undefined {
  return text != null && /^\d{1,5}$/.test(text) && isPort(Number(text)) ? Number(text) : undefined;
}

export function isPort(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value < 65_536;
}

/** A host name or an address that can stand in a URL and in a permission, without brackets; else undefined. */
export function hostOf(text: string): string | undefined {
  const host = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(host) || /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(host)
    ? host
    : undefined;
}
