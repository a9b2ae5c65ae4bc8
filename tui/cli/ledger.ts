import { type Command, Option } from "@commander-js/extra-typings";
import { type Ledger, SETTLE_TIMES_MS } from "../../contracts/api-queries.ts";
import { count } from "../../shared/format.ts";
import { sanitize } from "../text.ts";
import { describe, outputOption } from "./command-options.ts";
import { type CliContext, show } from "./context.ts";
import type { Style } from "./style.ts";
import { facts } from "./table.ts";

export function addLedger(program: Command, context: CliContext): void {
  describe(
    program.command("ledger"),
    "Check that no accepted job was lost, unobserved or done twice; exits with 1 if one was",
    "ledger",
    "ledger --settle 0 --output json",
  )
    .addOption(
      new Option("--settle <milliseconds>", "check only jobs accepted at least this long ago").choices(
        SETTLE_TIMES_MS.map(String),
      ),
    )
    .addOption(outputOption())
    .action(async ({ settle, output }) => {
      const ledger = await context.client.readModel.ledger(
        { query: { settleMs: SETTLE_TIMES_MS.find((ms) => String(ms) === settle) } },
        { signal: context.signal },
      );
      if (!ledger.balanced) context.exitCode = 1;
      show(context, output, ledger, ledgerText);
    });
}

export function ledgerText(ledger: Ledger, style: Style): string {
  const { paint } = style;
  const accused = (["lost", "unobserved", "duplicated"] as const).filter((name) => ledger[name].count > 0);
  const verdict = ledger.balanced ? paint.green("✓ balanced") : paint.red("✕ does not balance");
  const counts = (
    ["accepted", "completed", "failed", "cancelled", "rejected", "inFlight", "deadLettered"] as const
  ).map((name) => [WORDS[name], count(ledger[name]).padStart(10)] as const);
  const accusations = (["lost", "unobserved", "duplicated"] as const).map(
    (name) => [name, count(ledger[name].count).padStart(10)] as const,
  );
  return [
    `${verdict}, jobs accepted until ${ledger.watermark}${ledger.settled ? "" : ", not settled yet"}`,
    facts([...counts, ...accusations], style),
    ...(ledger.waitingFor ?? []).map(({ message }) => paint.dim(`Waiting for: ${sanitize(message)}`)),
    ...accused.map((name) => `${paint.red(name)}\n${ledger[name].ids.join("\n")}`),
  ].join("\n\n");
}

const WORDS = {
  accepted: "accepted",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
  rejected: "rejected",
  inFlight: "in flight",
  deadLettered: "dead-lettered",
} as const;
