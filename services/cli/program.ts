/**
 * The command line of `daps` for people: commands, options and help.
 * @module
 */
import { Command, CommanderError } from "commander";
import { check } from "./check/command.ts";
import { explain } from "./explain.ts";
import { inject } from "./inject.ts";
import { status } from "./status/command.ts";
import { EXIT, type ExitCode, type Terminal, UsageError } from "./terminal.ts";

const EXIT_CODES = `
Exit codes: 0 nothing to say, 1 warnings or a sidecar that does not answer, 2 wrong usage or what can't be read.`;

/** @param args the command's name first */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.fine;
  const program = new Command("daps").exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showSuggestionAfterError();
  const command = (usage: string, summary: string): Command => program.command(usage).summary(summary);

  assumptions(
    command("check", "says what DAPS would do to the pods of a manifest")
      .description(
        "Says what DAPS would do to the pods of a manifest, with which settings, and what stands in its way.\n" +
          "Manifests don't have Dapr's sidecar yet: what Dapr's injector adds is put in first.",
      )
      .requiredOption("-f, --filename <file>", 'manifest, YAML or JSON; "-": standard input; may be repeated', append)
      .option("--all", "show also the settings that have their default")
      .option("--json", "for programs"),
  ).addHelpText("after", EXIT_CODES).action(async (options) => {
    code = await check(options, terminal);
  });

  assumptions(
    command("inject", "writes a manifest with its pods as they would run")
      .description(
        "Writes the manifest with its pods as they would run: with DAPS, and with Dapr's sidecar as far as DAPS looks\n" +
          "at it, if it is not in the manifest. It is there to be read and compared, not to be applied: in the cluster\n" +
          "the webhooks of Dapr and DAPS do this, with a secret of each pod in place of chosen-at-admission.\n" +
          "Comments and what is not changed stay; what DAPS has to say goes to standard error.",
      )
      .requiredOption("-f, --filename <file>", 'manifest, YAML or JSON; "-": standard input'),
  ).addHelpText("after", EXIT_CODES).action(async (options) => {
    code = await inject(options, terminal);
  });

  command("explain", "explains a setting, or lists all of them")
    .argument("[key]", "as in the annotation daps.io/KEY, or the chart's value")
    .description("Explains a setting: where it is set, what is accepted, its default and its meaning.")
    .option("--json", "for programs")
    .action((key: string | undefined, options) => {
      code = explain(key, options, terminal);
    });

  command("status", "shows what the sidecars of running pods are doing")
    .argument("[pod]", "one pod; else all that have DAPS")
    .description(
      "Asks the sidecar of each pod through the API server, which takes the permissions to list pods and to get\n" +
        "pods/proxy. The cluster is the one that kubectl would talk to.",
    )
    .option("-n, --namespace <name>", "else that of the context")
    .option("-A, --all-namespaces", "of the whole cluster")
    .option("--kubeconfig <file>", "else KUBECONFIG, ~/.kube/config or the pod's service account")
    .option("--context <name>", "else the current one")
    .option("--json", "for programs")
    .addHelpText("after", EXIT_CODES)
    .action(async (pod: string | undefined, options) => {
      const { openCluster } = await import("./status/cluster.ts");
      code = await status(pod, options, openCluster, terminal);
    });

  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.unusable;
    if (!(error instanceof UsageError)) throw error;
    terminal.err(`daps: ${error.message}\n`);
    return EXIT.unusable;
  }
  return code;
}

function assumptions(command: Command): Command {
  return command
    .option("--values <file>", "values of DAPS's chart, for the settings that a pod does not have")
    .option("--kube-version <version>", "the cluster's, which decides about native sidecars (else: it has them)")
    .option("--dapr-native", "Dapr's chart has dapr_sidecar_injector.nativeSidecar=true");
}

function append(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
