import { CommanderError } from "@commander-js/extra-typings";
import { ApiError } from "../../shared/api-client/api-error.ts";
import { messageOf } from "../../shared/errors.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Failure } from "./outputs.ts";

/** An error that the command line prints with its remedy. */
export class CliError extends Error {
  override readonly name = "CliError";

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly remedy: string,
    readonly code = "USAGE",
  ) {
    super(message);
  }
}

/**
 * Converts anything thrown into an exit code and a printable failure. The stack is kept only for a bug in this program.
 */
export function failureOf(thrown: unknown): { exitCode: ExitCode; failure: Failure; stack?: string } {
  if (thrown instanceof CliError)
    return {
      exitCode: thrown.exitCode,
      failure: { error: { code: thrown.code, message: thrown.message, remedy: thrown.remedy } },
    };
  if (thrown instanceof ApiError) {
    const { code, detail, remedy, correlationId } = thrown;
    const exitCode = thrown.retryable || code === "UNEXPECTED_REPLY" ? 4 : 3;
    return {
      exitCode,
      failure: { error: { code, message: detail, remedy, ...(correlationId && { correlationId }) } },
    };
  }
  if (thrown instanceof CommanderError) return usageFailure(thrown);
  const error = {
    code: "INTERNAL_ERROR",
    message: messageOf(thrown),
    remedy: "Report this with the lines below",
  };
  return { exitCode: 70, failure: { error }, ...(thrown instanceof Error && { stack: thrown.stack }) };
}

function usageFailure({ message }: CommanderError): ReturnType<typeof failureOf> {
  const [sentence = "", hint] = message.replace(/^error: /, "").split("\n");
  const suggestion = /\((Did you mean .*\?)\)/.exec(hint ?? "")?.[1];
  const text = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1).replace(/\.$/, "")}`;
  const remedy = `${suggestion ? `${suggestion} ` : ""}Run the command with \`--help\` to list its options`;
  return { exitCode: 2, failure: { error: { code: "USAGE", message: text, remedy } } };
}
