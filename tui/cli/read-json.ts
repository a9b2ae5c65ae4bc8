import { readFileSync } from "node:fs";
import { messageOf } from "../../shared/errors.ts";
import type { CliContext } from "./context.ts";
import { CliError } from "./failure.ts";

/** Returns an option's text: the value itself, the contents of a file for `@FILE`, or stdin for `@-`. */
export async function readText(option: string, value: string, context: CliContext): Promise<string> {
  if (!value.startsWith("@")) return value;
  const file = value.slice(1);
  if (file === "-") return context.readStdin();
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CliError(
      2,
      `Cannot read the file for ${option}: ${messageOf(error)}`,
      "Check the path after the @",
    );
  }
}

/** Reads an option's text with {@link readText} and parses it as a JSON object. */
export async function readObject(
  option: string,
  value: string,
  context: CliContext,
): Promise<Record<string, unknown>> {
  const text = await readText(option, value, context);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CliError(
      2,
      `${option} is not valid JSON: ${error.message}`,
      `Quote it for the shell, as in ${option} '{"ms":100}', or pass a file with ${option} @FILE`,
    );
  }
  throw new CliError(
    2,
    `${option} is ${JSON.stringify(text.slice(0, 60))}`,
    "Expected a JSON object, as in '{\"ms\":100}'",
  );
}
