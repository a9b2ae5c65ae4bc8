import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { unknownOption } from "./unknown-option.ts";

/** Thrown for an invalid command line. Its message is all that the user needs to see. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Creates a script's command line, to which the caller adds options and arguments before parsing. `--help` prints the
 * help and exits with 0. Parsing throws a {@link UsageError}, which suggests the nearest option for an unknown one.
 */
export function createCommandLine(name: string, description: string) {
  const command = new Command(name);
  return command
    .description(description)
    .helpOption("-h, --help", "print this text")
    .configureOutput({ writeErr: () => undefined, getOutHelpWidth: () => process.stdout.columns ?? 100 })
    .exitOverride(({ exitCode, message }) => {
      if (exitCode === 0) process.exit(0);
      const options = command.options.map(({ long }) => long ?? "");
      throw new UsageError(sentenceOf(message, options));
    });
}

/**
 * Rewrites the library's message as one sentence. Suggests the nearest option itself, because the library suggests none
 * for an unknown option with a value.
 */
function sentenceOf(message: string, options: readonly string[]): string {
  const [, unknown] = /^error: unknown option '([^']*)'/.exec(message) ?? [];
  if (unknown !== undefined) return unknownOption(unknown, options);
  const fault = message.replace(/^error: /, "").replace(/\.$/, "");
  return `${fault.charAt(0).toUpperCase()}${fault.slice(1)}; see --help`;
}

/** Returns a parser for whole numbers within bounds. Its error states the expected range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `Expected a whole number, at least ${least}.`
        : `Expected a whole number from ${least} to ${most}.`,
    );
  };
}
