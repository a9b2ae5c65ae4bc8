import { type Command, Option } from "@commander-js/extra-typings";
import { messageOf } from "../../shared/errors.ts";
import { describe } from "./command-options.ts";
import { composeUp } from "./compose-tier.ts";
import type { CliContext } from "./context.ts";
import { CliError } from "./failure.ts";

/** Ways to run the system. */
export const TIERS = ["embedded", "full", "compose", "kind"] as const;

export function addUp(program: Command, context: CliContext): void {
  describe(
    program.command("up"),
    "Start the whole system and keep it running until Ctrl-C; `bun run dev` does the same",
    "up",
    "up --tier full --processors 2",
    "up --tier compose",
    "up --tier kind",
  )
    .addOption(
      new Option(
        "-t, --tier <tier>",
        "embedded: one PostgreSQL; full: four private engines; compose: every container of compose.yaml; kind: a Kubernetes cluster",
      )
        .choices(TIERS)
        .default("embedded" as const),
    )
    .option("--processors <count>", "number of processors")
    .option("--demo", "submit one or two varied jobs per second")
    .option("--fresh", "start empty: delete this tier's data first")
    .option("--ephemeral", "keep nothing: data goes to a temporary folder that is deleted at the end")
    .option(
      "--tui",
      "open the terminal UI once everything is running; when you leave it, choose whether the system stops too",
    )
    .option("--no-reload", "do not replace services when their source changes")
    .option("--data <folder>", "folder for engines, logs and state; default: .observatory")
    .option("--overlay <folder>", "kind: your own Kustomize overlay; default: kind/overlays/local")
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

/** Imports the launcher on demand, because no other command needs engines and services. */
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
