import type { Command } from "@commander-js/extra-typings";
import type { AlertsReply } from "../../contracts/api-queries.ts";
import { sanitize } from "../text.ts";
import { describe, outputOption } from "./command-options.ts";
import { type CliContext, show } from "./context.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { age } from "./words.ts";

export function addAlerts(program: Command, context: CliContext): void {
  describe(program.command("alerts"), "Show the firing alerts", "alerts", "alerts --output json")
    .addOption(outputOption())
    .action(async ({ output }) => {
      const reply = await context.client.readModel.alerts({}, { signal: context.signal });
      show(context, output, reply, alertsText);
    });
}

const SEVERITIES = { critical: "red", warning: "yellow", info: "cyan" } as const;

export function alertsText({ items, source }: AlertsReply, style: Style): string {
  if (source === "none")
    return "This system has no Alertmanager, so no alert can fire. Install prometheus and alertmanager, then restart the system.";
  if (items.length === 0) return "No alert is firing.";
  return table(
    [
      { title: "SEVERITY" },
      { title: "STATE" },
      { title: "SINCE", align: "right" },
      { title: "ALERT" },
      { title: "WHAT" },
    ],
    items.map(({ severity, state, startsAt, name, summary, runbookUrl }) => [
      style.paint[SEVERITIES[severity]](severity),
      state,
      age(startsAt, style),
      sanitize(name),
      sanitize(runbookUrl ? `${summary} (${runbookUrl})` : summary),
    ]),
    style,
  );
}
