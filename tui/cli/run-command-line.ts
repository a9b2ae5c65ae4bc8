import { CommanderError } from "@commander-js/extra-typings";
import { findAddresses } from "../../shared/api-client/addresses.ts";
import { createApiClient } from "../../shared/api-client/client.ts";
import { versionLine } from "../../shared/build-info.ts";
import { parseVersion } from "../../shared/version.ts";
import versionText from "../VERSION" with { type: "text" };
import { checkPlatform } from "./check-platform.ts";
import { cleanLines, safeJson } from "./clean-text.ts";
import type { CliContext } from "./context.ts";
import type { ExitCode } from "./exit-codes.ts";
import { CliError, failureOf } from "./failure.ts";
import { createProgram, refuseUnknownCommand } from "./program.ts";
import { styleOf } from "./style.ts";

/** Runs the command line and exits with its code. */
export async function runCommandLine(args: readonly string[]): Promise<never> {
  exitOnBrokenPipe();
  const context = createContext();
  const exitCode = await run(context, args);
  await flushed(process.stdout);
  await flushed(process.stderr);
  process.exit(exitCode);
}

async function run(context: CliContext, args: readonly string[]): Promise<ExitCode> {
  try {
    checkPlatform(process.platform, process.arch);
    const program = createProgram({
      context,
      versionText: versionLine("odd-dashboard", parseVersion("odd-dashboard", versionText)),
      runTui: (options) => openTui(context, options),
    });
    refuseUnknownCommand(program, args);
    await program.parseAsync(args, { from: "user" });
    return interruptCode(context) ?? context.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const interrupt = interruptCode(context);
    if (interrupt) return interrupt;
    const { exitCode, failure, stack } = failureOf(thrown);
    context.note(wantsJson(args) ? safeJson(failure) : sentenceOf(failure.error));
    if (stack) context.note(stack);
    return exitCode;
  }
}

/** Opens the terminal UI. Its libraries are imported on demand, so other commands start faster. */
async function openTui(context: CliContext, options: { ascii?: true; plain?: true }): Promise<void> {
  if (!options.plain && !(process.stdin.isTTY && process.stdout.isTTY))
    throw new CliError(
      2,
      "The terminal UI needs a terminal, but input or output is not one",
      "Use a command (`--help` lists them), or --plain for the overview as text",
    );
  const { runTui } = await import("../app.ts");
  const { client, env } = context;
  const version = parseVersion("odd-dashboard", versionText);
  context.exitCode = await runTui({ client, env, version, addresses: () => findAddresses(env), ...options });
}

function interruptCode({ signal }: CliContext): ExitCode | undefined {
  if (!signal.aborted) return undefined;
  return signal.reason === "SIGTERM" ? 143 : 130;
}

const sentenceOf = ({ message, remedy }: { message: string; remedy: string }) =>
  cleanLines(`odd-dashboard: ${message}. ${remedy}.`);

/** Whether the user wants JSON. Searches the raw arguments, because the command line may be invalid. */
function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (word, n) =>
      word === "--output=json" ||
      word === "-ojson" ||
      (/^(-o|--output)$/.test(word) && args[n + 1] === "json"),
  );
}

export function createContext(): CliContext {
  const { env } = process;
  let signal: AbortSignal | undefined;
  return {
    client: createApiClient({ addresses: () => findAddresses(env) }),
    env,
    style: styleOf(process.stdout, env),
    isTerminal: process.stdout.isTTY === true,
    get signal() {
      // Installs the signal handlers only when a command uses them, because `odd-dashboard service` runs a service in
      // this process, which installs its own.
      signal ??= interruptSignal();
      return signal;
    },
    line: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    readStdin: () => Bun.stdin.text(),
    exitCode: 0,
  };
}

function interruptSignal(): AbortSignal {
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => {
      // A second signal exits at once, in case the command hangs.
      if (abort.signal.aborted) process.exit(name === "SIGINT" ? 130 : 143);
      abort.abort(name);
    });
  return abort.signal;
}

/** Exits as if ended by SIGPIPE when a reader such as `head` closes the pipe early, which is not an error. */
function exitOnBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(141);
      throw error;
    });
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
