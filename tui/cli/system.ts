import { type Command, Option } from "@commander-js/extra-typings";
import { messageOf } from "../../shared/errors.ts";
import { describe, outputOption } from "./command.ts";
import { composeDown, composeUp } from "./compose.ts";
import { type CliContext, type OutputFormat, show } from "./context.ts";
import { CliError } from "./failure.ts";
import { stopRunning } from "./stop-running.ts";
import { readStatus, statusText } from "./system-status.ts";

const TIERS = ["embedded", "full", "compose", "kind"] as const;

export function addUp(program: Command, context: CliContext): void {
  describe(
    program.command("up"),
    "Start the whole system and keep it running until Ctrl-C; the same program as `bun run dev`",
    "up",
    "up --tier full --processors 2",
    "up --tier compose",
    "up --tier kind",
  )
    .addOption(
      new Option(
        "-t, --tier <tier>",
        "one PostgreSQL, four private engines, every container of compose.yaml, or a Kubernetes cluster of kind",
      )
        .choices(TIERS)
        .default("embedded" as const),
    )
    .option("--processors <count>", "how many processors run")
    .option("--demo", "submit a gentle stream of varied jobs")
    .option("--fresh", "start empty: remove this tier's data first")
    .option("--ephemeral", "keep nothing: data is in a temporary folder that is removed at the end")
    .option(
      "--tui",
      "open the terminal UI once everything runs; on leaving it, choose whether to stop the system too",
    )
    .option("--no-reload", "do not replace services when their source changes")
    .option("--data <folder>", "folder for engines, logs and state; .observatory when left out")
    .option("--overlay <folder>", "kind: a Kustomize overlay of your own; kind/overlays/local when left out")
    .action(async ({ tier, processors, demo, fresh, ephemeral, tui, reload, data, overlay }) => {
      const args = [
        ...(processors === undefined ? [] : ["--processors", processors]),
        ...(demo ? ["--demo"] : []),
        ...(fresh ? ["--fresh"] : []),
        ...(ephemeral ? ["--ephemeral"] : []),
        ...(tui ? ["--tui"] : []),
        ...(reload ? [] : ["--no-reload"]),
        ...(data === undefined ? [] : ["--data", data]),
      ];
      if (overlay !== undefined && tier !== "kind")
        throw new CliError(2, "Only the kind tier takes --overlay", "Add --tier kind, or leave it out");
      if (tier === "embedded" || tier === "full") return runLauncher(context, ["--engines", tier, ...args]);
      if (args.length > 0)
        throw new CliError(
          2,
          `The ${tier} tier does not take ${args[0]}`,
          tier === "compose"
            ? "Its settings are variables in compose/.env"
            : "docs/kubernetes.md has its settings",
        );
      if (tier === "compose") return composeUp(context);
      const { kindUp } = await import("../kind/up.ts");
      await kindUp(context, overlay);
    });
}

export function addDown(program: Command, context: CliContext): void {
  describe(
    program.command("down"),
    "Stop the system that runs from this folder cleanly, and wait until it has ended",
    "down",
    "down --tier compose",
    "down --tier kind",
  )
    .addOption(
      new Option(
        "-t, --tier <tier>",
        "compose: stop the containers of compose.yaml; kind: delete the cluster with its data",
      ).choices(TIERS),
    )
    .option("--data <folder>", "the folder that `up --data` was given")
    .action(async ({ tier, data }) => {
      if (tier === "compose") return composeDown(context);
      if (tier === "kind") return (await import("../kind/cluster.ts")).kindDown(context);
      await stopRunning(context, data);
    });
}

export function addStatus(program: Command, context: CliContext): void {
  describe(
    program.command("status"),
    "Show what runs: tier, services and whether they are ready, addresses; exits with 1 when nothing runs",
    "status",
    "status --output json",
    "status --tier kind",
  )
    .addOption(
      new Option("-t, --tier <tier>", "kind: show the pods of the cluster").choices(["kind"] as const),
    )
    .addOption(outputOption())
    .action(async ({ tier, output }) => {
      if (tier === "kind") return showCluster(context, output);
      const status = await readStatus(context);
      if (!status.running) context.exitCode = 1;
      show(context, output, status, statusText);
    });
}

async function showCluster(context: CliContext, output: OutputFormat): Promise<void> {
  const { clusterText, readCluster } = await import("../kind/status.ts");
  const report = await readCluster(context);
  if (!report.running) context.exitCode = 1;
  show(context, output, report, clusterText);
}

/** Loaded on demand: no other command needs engines and services. */
async function runLauncher(context: CliContext, args: string[]): Promise<void> {
  const [{ parseCli }, { runSystem }] = await Promise.all([
    import("../launch/cli.ts"),
    import("../launch/run-system.ts"),
  ]);
  const options = (() => {
    try {
      return parseCli(args);
    } catch (error) {
      throw new CliError(
        2,
        messageOf(error).replaceAll("--engines", "--tier"),
        "`odd-dashboard up --help` lists the options",
      );
    }
  })();
  const code = await runSystem(options);
  context.exitCode = code === 0 ? 0 : code === 130 ? 130 : 1;
}
