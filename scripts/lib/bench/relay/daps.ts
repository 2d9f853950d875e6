/**
 * DAPS as it runs in a pod: the command and the configuration are those that admission writes for one.
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { mutate } from "../../../../services/core/admission/admit.ts";
import { INIT } from "../../../../services/core/admission/daps-container.ts";
import { type Container, findDaps, type Pod, readPod } from "../../../../services/core/admission/pod.ts";
import { applyPatch } from "rfc6902";
import { deno } from "../../test/runtimes.ts";
import type { Command } from "./children.ts";

export type Runtime = "deno" | "node";
export type Protocol = "http" | "h2c";

/** Of the pod: who shows it may call the hooks. */
export const TOKEN = "token-of-the-bench";

/** Where the image has the bundle. */
const IMAGE_FOLDER = "/daps";
export const V8_FLAGS = "--v8-flags=";

/**
 * Without the init of the container, which does nothing while DAPS runs.
 *
 * @param bundle the folder that holds what the image has in /daps
 */
export function dapsCommand(runtime: Runtime, protocol: Protocol, appPort: number, bundle: string): Command {
  const { command, env } = dapsContainer(protocol, appPort);
  const here = (text: string) => text.replaceAll(IMAGE_FOLDER, bundle);
  const variables = {
    // As in the Dockerfile.
    DENO_DIR: "/tmp/deno",
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
    ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value ?? ""])),
  };
  const [, ...args] = (command ?? []).slice(INIT.length).map(here);
  if (runtime === "deno") return { program: deno(), args, env: variables };
  const flags = args.find((arg) => arg.startsWith(V8_FLAGS))?.slice(V8_FLAGS.length).split(",") ?? [];
  return { program: process.execPath, args: [...flags, join(bundle, "main.js"), "sidecar"], env: variables };
}

function dapsContainer(protocol: Protocol, appPort: number): Container {
  const before = pod(protocol, appPort);
  const after = structuredClone(before);
  const { operations } = mutate(before, { chart: {}, image: "daps", nativeSupported: true }, TOKEN);
  applyPatch(after, [...operations]);
  const daps = findDaps(readPod(after) ?? before);
  if (!daps) throw new Error("Cannot measure DAPS as admission has not put it into the pod");
  return daps;
}

/** What Dapr's injector makes of a pod, as far as DAPS looks at it. */
function pod(protocol: Protocol, appPort: number): Pod {
  return {
    metadata: { name: "app", annotations: { "dapr.io/enabled": "true", "dapr.io/app-port": String(appPort) } },
    spec: {
      containers: [
        { name: "app", image: "app", ports: [{ containerPort: appPort }] },
        {
          name: "daprd",
          image: "daprd",
          args: ["/daprd", "--app-port", String(appPort), "--app-protocol", protocol],
        },
      ],
    },
  };
}
