import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { didYouMean, nearest } from "../../contracts/nearest.ts";
import { addAlerts } from "./alerts.ts";
import { addAttach } from "./attach/attach.ts";
import { addCompletion } from "./completion.ts";
import type { CliContext } from "./context.ts";
import { addDeadLetters } from "./dead-letters.ts";
import { addDoctor } from "./doctor/doctor.ts";
import { addEvents } from "./events.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { CliError } from "./failure.ts";
import { addJob } from "./job.ts";
import { addJobs } from "./jobs.ts";
import { addLedger } from "./ledger.ts";
import { addLoad } from "./load/load.ts";
import { addQueues } from "./queues.ts";
import { addPurge, addRetention } from "./retention.ts";
import { addCancel, addRetry } from "./retry-cancel.ts";
import { addService } from "./service.ts";
import { addSubmit } from "./submit.ts";
import { addDown, addStatus, addUp } from "./system.ts";
import { addWorkers } from "./workers.ts";

export interface ProgramOptions {
  readonly context: CliContext;
  readonly versionText: string;
  /** Opens the terminal UI; resolves once the user leaves it. */
  runTui(options: { ascii?: true; plain?: true }): Promise<void>;
}

/** The whole command line. The library itself neither prints nor exits; it throws its messages. */
export function createProgram({ context, versionText, runTui }: ProgramOptions): Command {
  const program = new Command("odd-dashboard");
  program
    .description(
      "The terminal UI and the command line of the Distributed Task Observatory; without a command it opens the UI",
    )
    .version(versionText, "-V, --version", "print version, commit, build time, OS and architecture")
    .helpOption("-h, --help", "print what a command takes, with examples")
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .configureOutput({ writeOut: (text) => context.line(text.trimEnd()), writeErr: () => undefined })
    .option("--ascii", "draw the UI with ASCII characters only")
    .option("--plain", "print the overview once, as linear text for screen readers")
    .addHelpText("after", HELP)
    .helpCommand("help [command]", "print what a command takes, with examples")
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

/** Throws when a word in a command's place is not a command, naming those that were probably meant. */
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
    `Commands here are ${names.join(", ")}`,
  );
}

const HELP = `
Environment:
  READ_MODEL_URL    where to read from, and GATEWAY_URL where to send commands; when unset, a system that
                    runs from this folder is found, else http://localhost:8080 and http://localhost:3000
  NO_COLOR          no colours

Exit codes:
${Object.entries(EXIT_CODES)
  .map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)
  .join("\n")}`;
