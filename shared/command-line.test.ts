import { expect, test } from "bun:test";
import { createCommandLine, UsageError, wholeNumber } from "./command-line.ts";

const parse = (...args: string[]) =>
  createCommandLine("bun run try", "Tries options")
    .option("--engines <set>", "what to run on")
    .option("--no-reload", "do not reload")
    .option("--rounds <count>", "how many", wholeNumber(1, 9), 3)
    .parse(args, { from: "user" })
    .opts();

test.each([
  [["--engine"], "Unknown option --engine; did you mean --engines?"],
  [["--engine=full"], "Unknown option --engine; did you mean --engines?"],
  [["--noreload"], "Unknown option --noreload; did you mean --no-reload?"],
  [["--color"], "Unknown option --color; see --help"],
  [["-x"], "Unknown option -x; see --help"],
  [["--engines"], "Option '--engines <set>' argument missing; see --help"],
  [["stray"], "Too many arguments. Expected 0 arguments but got 1: stray; see --help"],
  [
    ["--rounds", "10"],
    "Option '--rounds <count>' argument '10' is invalid. Expected a whole number from 1 to 9; see --help",
  ],
])("the arguments %j are refused with a sentence that helps to correct them", (args, sentence) => {
  expect(() => parse(...args)).toThrow(new UsageError(sentence));
});

test("the given options are parsed, and the others have their defaults", () => {
  expect(parse("--engines", "full", "--no-reload")).toEqual({ engines: "full", reload: false, rounds: 3 });
  expect(parse("--rounds=9")).toEqual({ reload: true, rounds: 9 });
});
