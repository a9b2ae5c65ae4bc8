import type { ApiClient } from "../../shared/api-client/client.ts";
import { safeJson } from "./clean-text.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Style } from "./style.ts";

export type Env = Readonly<Record<string, string | undefined>>;
export type OutputFormat = "text" | "json";

/** What every command receives. */
export interface CliContext {
  readonly client: ApiClient;
  readonly env: Env;
  readonly style: Style;
  /** Whether output is a terminal; only there is output redrawn in place. */
  readonly isTerminal: boolean;
  /** Aborts at Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Writes one line, or several, to stdout. */
  line(text: string): void;
  /** Writes a line that is not part of the result to stderr. */
  note(text: string): void;
  /** Reads stdin to its end. */
  readStdin(): Promise<string>;
  /** The code to exit with when nothing is thrown; 0 until it is set. */
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
