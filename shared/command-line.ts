import { type ParseArgsConfig, parseArgs } from "node:util";
import { didYouMean, nearest } from "../contracts/nearest.ts";

/** A command line that cannot be carried out; its message is all that the user needs. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Parses a command line like `parseArgs` of node:util. Throws a {@link UsageError}; for an unknown option it names the
 * nearest known one.
 */
export function parseOptions<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (!code.startsWith("ERR_PARSE_ARGS")) throw error;
    if (code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION") throw new UsageError(message, { cause: error });
    const unknown = /'(-[^'\s]*)/.exec(message)?.[1] ?? "";
    throw new UsageError(unknownOption(unknown, Object.keys(config.options ?? {})), { cause: error });
  }
}

/** The sentence about an option that does not exist; `names` are without their dashes. */
export function unknownOption(given: string, names: readonly string[]): string {
  const meant = nearest(given.replace(/^-+/, ""), names).map((name) => `--${name}`);
  return `Unknown option ${given}${didYouMean(meant) || "; see --help"}`;
}
