import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { wholeNumber } from "../../shared/command-line.ts";

/** Sets a command's description and appends examples to its help. */
export function describe<A extends unknown[], O extends Record<string, unknown>>(
  command: Command<A, O>,
  description: string,
  ...examples: readonly string[]
): Command<A, O> {
  const lines = examples.map((example) => `  odd-dashboard ${example}`).join("\n");
  return command
    .description(description)
    .addHelpText("after", `\n${examples.length === 1 ? "Example" : "Examples"}:\n${lines}`);
}

export const outputOption = () =>
  new Option("-o, --output <format>", "text for people, json for programs")
    .choices(["text", "json"] as const)
    .default("text" as const);

export const filterOption = (things = "jobs", example = "status:failed type:hash timeout") =>
  new Option("--filter <text>", `only ${things} that match, such as '${example}'; see docs/filters.md`);

export const limitOption = (preset: number) =>
  new Option("-n, --limit <count>", "maximum number to show").argParser(wholeNumber(1, 500)).default(preset);

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Parses a duration such as `500ms`, `30s`, `5m` or `1h` into milliseconds; a bare number is seconds. */
export function lengthOfTime(text: string): number {
  const [, digits = "", unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS[unit] ?? 0);
  if (digits !== "" && ms > 0) return ms;
  throw new InvalidArgumentError("Expected a time such as 500ms, 30s, 5m or 1h.");
}
