import type { Command } from "@commander-js/extra-typings";
import { findAddresses, findRunning } from "../../../shared/api-client/addresses.ts";
import { sanitize } from "../../text.ts";
import { describe, outputOption } from "../command-options.ts";
import { type CliContext, show } from "../context.ts";
import type { DoctorReport } from "../outputs.ts";
import type { Style } from "../style.ts";
import { checkMachine } from "./machine.ts";
import { checkPorts } from "./ports.ts";
import { checkServices } from "./services.ts";
import { checkTerminal } from "./terminal.ts";
import { checkTools } from "./tools.ts";

export function addDoctor(program: Command, context: CliContext): void {
  describe(
    program.command("doctor"),
    "Check this machine's setup and suggest a remedy for each problem; exit with 1 if a check fails",
    "doctor",
    "doctor --output json | jq '.checks[] | select(.status != \"OK\")'",
  )
    .addOption(outputOption())
    .action(async ({ output }) => {
      const report = await examine(context);
      if (!report.ok) context.exitCode = 1;
      show(context, output, report, doctorText);
    });
}

async function examine({ env }: CliContext): Promise<DoctorReport> {
  const folder = process.cwd();
  const running = findRunning(folder) ?? {};
  const [tools, ports, services] = await Promise.all([
    checkTools(),
    checkPorts(Object.values(running)),
    checkServices(findAddresses(env, folder), running),
  ]);
  const checks = [
    ...checkMachine(folder),
    ...checkTerminal(process.stdout, env),
    ...tools,
    ...ports,
    ...services,
  ];
  return { ok: checks.every(({ status }) => status !== "FAIL"), checks };
}

const COLORS = { OK: "green", WARN: "yellow", FAIL: "red" } as const;

export function doctorText({ checks }: DoctorReport, { paint }: Style): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, detail, remedy }) => [
    `${paint[COLORS[status]](status.padEnd(4))}  ${name.padEnd(width)}  ${sanitize(detail)}`,
    ...(remedy ? [`${" ".repeat(6 + width)}  ${paint.dim(`→ ${sanitize(remedy)}`)}`] : []),
  ]);
  const of = (wanted: string) => checks.filter(({ status }) => status === wanted).length;
  return [...lines, "", `${of("OK")} OK, ${of("WARN")} WARN, ${of("FAIL")} FAIL`].join("\n");
}
