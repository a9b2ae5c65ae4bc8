import { type Command, Option } from "@commander-js/extra-typings";
import { describe } from "./command-options.ts";
import { composeDown } from "./compose-tier.ts";
import type { CliContext } from "./context.ts";
import { stopRunning } from "./stop-running.ts";
import { TIERS } from "./up.ts";

export function addDown(program: Command, context: CliContext): void {
  describe(
    program.command("down"),
    "Stop the system running from this folder, and wait until it has ended cleanly",
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
    .option("--data <folder>", "the folder passed to `up --data`")
    .action(async ({ tier, data }) => {
      if (tier === "compose") return composeDown(context);
      if (tier === "kind") return (await import("../kind/cluster.ts")).kindDown(context);
      await stopRunning(context, data);
    });
}
