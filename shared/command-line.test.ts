import { expect, test } from "bun:test";
import { parseOptions, UsageError } from "./command-line.ts";

const options = { engines: { type: "string" }, "no-reload": { type: "boolean" } } as const;
const parse = (...args: string[]) => parseOptions({ args, options }).values;

test.each([
  ["--engine", "Unknown option --engine; did you mean --engines?"],
  ["--engine=full", "Unknown option --engine; did you mean --engines?"],
  ["--noreload", "Unknown option --noreload; did you mean --no-reload?"],
  ["--colour", "Unknown option --colour; see --help"],
  ["-x", "Unknown option -x; see --help"],
])("%s is refused with the nearest option", (arg, sentence) => {
  expect(() => parse(arg)).toThrow(new UsageError(sentence));
});

test("known options are parsed, and other faults keep their own message", () => {
  expect(parse("--engines", "full", "--no-reload")).toEqual({ engines: "full", "no-reload": true });
  expect(() => parse("--engines")).toThrow(/argument missing/);
  expect(() => parse("stray")).toThrow(/Unexpected argument 'stray'/);
});
