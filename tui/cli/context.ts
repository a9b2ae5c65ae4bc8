import type { ApiClient } from "../../shared/api-client/client.ts";
import { safeJson } from "./clean-text.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Style } from "./style.ts";

export type Env = Readonly<Record<string, string | undefined>>;
export type OutputFormat = "text" | "json";

/** The context that every command receives. */
export interface CliContext {
  readonly client: ApiClient;
  readonly env: Env;
  readonly style: Style;
  /** Whether stdout is a terminal. Only then may a command redraw its output in place. */
  readonly isTerminal: boolean;
  /** Aborts on Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Writes one or more lines to stdout. */
  line(text: string): void;
  /** Writes a line to stderr, for anything that is not part of the result. */
  note(text: string): void;
  /** Reads stdin to its end. */
  readStdin(): Promise<string>;
  /** The exit code if the command does not throw; 0 until the command sets another. */
  exitCode: ExitCode;
}

/** Prints a result in the requested format: JSON, or text for people. */
export function show<T>(
  context: CliContext,
  format: OutputFormat,
  value: T,
  toText: (value: T, style: Style) => string,
): void {
  context.line(format === "json" ? safeJson(value, 2) : toText(value, context.style));
}
