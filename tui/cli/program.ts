import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { didYouMean, nearest } from "../../contracts/nearest.ts";
import { addAlerts } from "./alerts.ts";
import { addAttach } from "./attach/attach.ts";
import { addCancel } from "./cancel.ts";
import { addCompletion } from "./completion.ts";
import type { CliContext } from "./context.ts";
import { addDeadLetters } from "./dead-letters/dead-letters.ts";
import { addDoctor } from "./doctor/doctor.ts";
import { addDown } from "./down.ts";
import { addEvents } from "./events.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { CliError } from "./failure.ts";
import { addJob } from "./job.ts";
import { addJobs } from "./jobs.ts";
import { addLedger } from "./ledger.ts";
import { addLoad } from "./load/load.ts";
import { addPurge } from "./purge.ts";
import { addQueues } from "./queues.ts";
import { addRetention } from "./retention.ts";
import { addRetry } from "./retry.ts";
import { addService } from "./service.ts";
import { addStatus } from "./status.ts";
import { addSubmit } from "./submit.ts";
import { addUp } from "./up.ts";
import { addWorkers } from "./workers.ts";

export interface ProgramOptions {
  readonly context: CliContext;
  readonly versionText: string;
  /** Opens the terminal UI; resolves once the user leaves it. */
  runTui(options: { ascii?: true; plain?: true }): Promise<void>;
}

/** Creates the command line. On an error, Commander throws instead of printing and exiting. */
export function createProgram({ context, versionText, runTui }: ProgramOptions): Command {
  const program = new Command("odd-dashboard");
  program
    .description(
      "Terminal UI and command line of the Distributed Task Observatory; without a command, opens the UI",
    )
    .version(versionText, "-V, --version", "print version, commit, build time, OS and architecture")
    .helpOption("-h, --help", "print usage and examples")
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .configureOutput({ writeOut: (text) => context.line(text.trimEnd()), writeErr: () => undefined })
    .option("--ascii", "draw the UI with ASCII characters only")
    .option("--plain", "print the overview once, as linear text for screen readers")
    .addHelpText("after", HELP)
    .helpCommand("help [command]", "print the usage of a command, with examples")
    .action(runTui);
  addSubmit(program, context);
  addJobs(program, context);
  addJob(program, context);
  addEvents(program, context);
  addRetry(program, context);
  addCancel(program, context);
  addPurge(program, context);
  addDeadLetters(program, context);
  addQueues(program, context);
  addWorkers(program, context);
  addAlerts(program, context);
  addLedger(program, context);
  addRetention(program, context);
  addLoad(program, context);
  addAttach(program, context);
  addUp(program, context);
  addDown(program, context);
  addStatus(program, context);
  addDoctor(program, context);
  addService(program);
  addCompletion(program, context);
  return program as unknown as Command;
}

/** Throws if the arguments name an unknown command, and suggests the commands with the most similar names. */
export function refuseUnknownCommand(command: CommandUnknownOpts, [word, ...rest]: readonly string[]): void {
  const { commands } = command;
  if (commands.length === 0 || word === undefined || word.startsWith("-") || word === "help") return;
  const child = commands.find((one) => one.name() === word);
  if (child) {
    refuseUnknownCommand(child, rest);
    return;
  }
  const names = commands.map((one) => one.name());
  throw new CliError(
    2,
    `There is no command ${JSON.stringify(word)}${didYouMean(nearest(word, names)).replace(/\?$/, "")}`,
    `The commands are ${names.join(", ")}`,
  );
}

const HELP = `
Environment:
  READ_MODEL_URL    where to read from; default: the system running from this folder, else
                    http://localhost:8080
  GATEWAY_URL       where to send commands; default: the same system, else http://localhost:3000
  NO_COLOR          disables colors

Exit codes:
${Object.entries(EXIT_CODES)
  .map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)
  .join("\n")}`;
