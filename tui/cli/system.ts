import { type Command, Option } from "@commander-js/extra-typings";
import { messageOf } from "../../shared/errors.ts";
import { describe, outputOption } from "./command.ts";
import { composeDown, composeUp } from "./compose.ts";
import { type CliContext, show } from "./context.ts";
import { CliError } from "./failure.ts";
import { stopRunning } from "./stop-running.ts";
import { readStatus, statusText } from "./system-status.ts";

const TIERS = ["embedded", "full", "compose"] as const;

export function addUp(program: Command, context: CliContext): void {
  describe(
    program.command("up"),
    "Start the whole system and keep it running until Ctrl-C; the same program as `bun run dev`",
    "up",
    "up --tier full --processors 2",
    "up --tier compose",
  )
    .addOption(
      new Option(
        "-t, --tier <tier>",
        "one PostgreSQL, four private engines, or every container of compose.yaml",
      )
        .choices(TIERS)
        .default("embedded" as const),
    )
    .option("--processors <count>", "how many processors run")
    .option("--demo", "keep a gentle stream of varied jobs going")
    .option("--fresh", "start empty: remove this tier's data first")
    .option("--ephemeral", "keep nothing: data in a temporary folder that goes at the end")
    .option(
      "--tui",
      "open the terminal UI once everything runs; on leaving it, choose whether to stop the system too",
    )
    .option("--no-reload", "do not replace services when their source changes")
    .option("--data <folder>", "keep engines, logs and state there; .observatory when left out")
    .action(async ({ tier, processors, demo, fresh, ephemeral, tui, reload, data }) => {
      const args = [
        ...(processors === undefined ? [] : ["--processors", processors]),
        ...(demo ? ["--demo"] : []),
        ...(fresh ? ["--fresh"] : []),
        ...(ephemeral ? ["--ephemeral"] : []),
        ...(tui ? ["--tui"] : []),
        ...(reload ? [] : ["--no-reload"]),
        ...(data === undefined ? [] : ["--data", data]),
      ];
      if (tier !== "compose") return runLauncher(context, ["--engines", tier, ...args]);
      if (args.length > 0)
        throw new CliError(
          2,
          "The compose tier takes no other option",
          "Its settings are variables in compose/.env",
        );
      await composeUp(context);
    });
}

export function addDown(program: Command, context: CliContext): void {
  describe(
    program.command("down"),
    "Stop the system that runs from this folder, in order, and wait until it has ended",
    "down",
    "down --tier compose",
  )
    .addOption(new Option("-t, --tier <tier>", "compose: stop the containers of compose.yaml").choices(TIERS))
    .option("--data <folder>", "the folder that `up --data` was given")
    .action(async ({ tier, data }) => {
      if (tier === "compose") return composeDown(context);
      await stopRunning(context, data);
    });
}

export function addStatus(program: Command, context: CliContext): void {
  describe(
    program.command("status"),
    "Show what runs: tier, services and whether they are ready, addresses; exits with 1 when nothing runs",
    "status",
    "status --output json",
  )
    .addOption(outputOption())
    .action(async ({ output }) => {
      const status = await readStatus(context);
      if (!status.running) context.exitCode = 1;
      show(context, output, status, statusText);
    });
}

/** Loaded only here: no other command needs engines and services. */
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
