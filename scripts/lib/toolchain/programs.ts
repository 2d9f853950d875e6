/**
 * The programs of a cluster, and those that DAPS is measured against, built from their Go modules.
 *
 * @module
 */
import { cp, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { cached, key, repositoryRoot } from "./cache.ts";
import { capture, execute } from "./process.ts";
import { progress } from "./progress.ts";

interface Program {
  /** Where its sources are, relative to the top of the checkout; by default a folder of scripts/lib/cluster/programs. */
  folder?: string;
  /** Names under which the one binary does different things. */
  links: string[];
  /** Packages of other modules that are built as they are, by the names of their binaries; by default the folder's own. */
  packages?: Record<string, string>;
  flags?: string[];
  /** `-X` definitions for the linker. */
  definitions?: (version: (module: string) => Promise<string>) => Promise<Record<string, string>>;
  /** How long a first build takes on two cores. */
  about: string;
}

const programs = {
  pause: { links: [], about: "5 seconds" },
  coredns: { links: [], about: "1 minute" },
  kubernetes: {
    links: ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"],
    // Without a version, clients and Helm charts take the cluster for one of version 0.
    definitions: async (version) => {
      const kubernetes = await version("k8s.io/kubernetes");
      const [major, minor] = kubernetes.replace("v", "").split(".");
      const prefix = "k8s.io/component-base/version.git";
      return {
        [`${prefix}Version`]: kubernetes,
        [`${prefix}Major`]: major ?? "",
        [`${prefix}Minor`]: minor ?? "",
      };
    },
    about: "5 minutes",
  },
  dapr: {
    links: ["daprd", "injector", "operator", "placement", "scheduler", "sentry"],
    // daprd panics when it is built without a set of components.
    flags: ["-mod=mod", "-tags", "stablecomponents"],
    definitions: async (version) => {
      const dapr = (await version("github.com/dapr/dapr")).slice(1);
      return { "github.com/dapr/dapr/pkg/buildinfo.version": dapr, "github.com/dapr/kit/logger.DaprVersion": dapr };
    },
    about: "5 minutes",
  },
  "cert-manager": { links: ["controller", "cainjector"], flags: ["-mod=mod"], about: "2 minutes" },
  keda: {
    links: [],
    packages: {
      "keda-operator": "github.com/kedacore/keda/v2/cmd/operator",
      "keda-adapter": "github.com/kedacore/keda/v2/cmd/adapter",
    },
    flags: ["-mod=mod"],
    about: "6 minutes",
  },
  "queue-proxy": { folder: "bench/peers/queue-proxy", links: [], flags: ["-mod=mod"], about: "1 minute" },
} satisfies Record<string, Program>;

export type ProgramName = keyof typeof programs;

function sources(name: ProgramName): string {
  const program: Program = programs[name];
  return join(repositoryRoot, program.folder ?? join("scripts/lib/cluster/programs", name));
}

/** The folder that holds the program (under its own name) and its links, built if it isn't in the cache. */
export async function ensureProgram(name: ProgramName): Promise<string> {
  const program: Program = programs[name];
  const folder = sources(name);
  const files = (await readdir(folder)).filter((file) => /\.go$|^go\.(mod|sum)$/.test(file)).sort();
  const contents = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  const definitions = await program.definitions?.((module) => moduleVersion(name, module)) ?? {};
  const flags = [
    "-trimpath",
    ...(program.flags ?? []),
    "-ldflags",
    ["-s -w", ...Object.entries(definitions).map(([variable, value]) => `-X ${variable}=${value}`)].join(" "),
  ];
  const goVersion = await capture("go", ["version"]).catch(() => {
    throw new Error(`Cannot build ${name} as there is no Go on the PATH: received ${process.env["PATH"]}`);
  });
  return await cached("programs", name, key(files, contents, flags, program.links, goVersion), async (place) => {
    await progress(`building ${name} (about ${program.about} the first time)`, async () => {
      // -mod=mod may write to go.sum, which must not happen in the checkout.
      const work = join(place, ".source");
      await cp(folder, work, { recursive: true });
      const binaries = Object.entries(program.packages ?? { [name]: "." });
      for (const [binary, source] of binaries) {
        const args = ["build", ...flags, "-o", join(place, binary), source];
        // Some are built while tests run, which must not be late for it.
        await execute("nice", ["-n", "19", "go", ...args], { cwd: work, env: { CGO_ENABLED: "0" } });
      }
      await execute("rm", ["-rf", work]);
      for (const link of program.links) await symlink(name, join(place, link));
    });
  });
}

/** The names of what a program is built into. */
export function programBinaries(name: ProgramName): string[] {
  const { packages = { [name]: "." } }: Program = programs[name];
  return Object.keys(packages);
}

/** The version of a module that a program is built from, as in v1.18.1. */
export async function moduleVersion(name: ProgramName, module: string): Promise<string> {
  const text = await readFile(join(sources(name), "go.mod"), "utf8");
  for (const line of text.split("\n")) {
    const [found, version] = line.replace(/^require /, "").trim().split(" ");
    if (found === module && version !== undefined) return version;
  }
  throw new Error(
    `Cannot tell the version of a module as the go.mod of ${name} does not require it: received ${module}`,
  );
}

/** The folder of a module that a program is built from, fetched if it isn't in Go's module cache. */
export async function moduleFolder(name: ProgramName, module: string): Promise<string> {
  const folder = await capture("go", ["list", "-m", "-f", "{{.Dir}}", module], { cwd: sources(name) });
  if (folder !== "") return folder;
  const answer = await capture("go", ["mod", "download", "-json", module], { cwd: sources(name) });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}
