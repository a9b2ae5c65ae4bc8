import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { createCommandLine, UsageError } from "../command-line.ts";
import { messageOf } from "../errors.ts";
import { GateError, namesAt, pickReference, textAt } from "./git.ts";
import { type Change, judge, type Schema, type SchemaSet, type Violation } from "./judge.ts";
import { isSchema } from "./schema.ts";

const FOLDER = "contracts/schemas";

interface Terminal {
  readonly cwd: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Runs the check in `cwd` and returns its exit code: 0 passed, 1 violations found, 2 unable to compare. */
export async function runCheck(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const { against } = parseArguments(args);
    const reference = await pickReference(terminal.cwd, FOLDER, against);
    if (reference.note) terminal.out(`${reference.note}\n`);
    const next = await workingSet(terminal.cwd);
    const old = await setAt(terminal.cwd, reference.commit);
    terminal.out(`${FOLDER} (${count(next.size, "schema")}) against ${reference.name} (${old.size})\n`);
    const { violations, changes } = judge(old, next);
    terminal.out(report(changes, violations));
    return violations.length > 0 ? 1 : 0;
  } catch (cause) {
    if (!(cause instanceof GateError || cause instanceof UsageError)) throw cause;
    terminal.err(`contracts:check: ${cause.message}\n`);
    return 2;
  }
}

function parseArguments(args: readonly string[]): { against?: string | undefined } {
  return createCommandLine(
    "bun run contracts:check",
    `Exports the schemas, compares ${FOLDER} with an earlier commit, and fails on a change without a matching bump of its $version. A breaking change needs a new major version; an addition or a relaxed rule needs a new minor version.`,
  )
    .option(
      "--against <ref>",
      "a tag, branch or commit to compare with; default: the last release tag (v*), else the merge base with the main line or, on the main line itself, the commit before the schemas last changed",
      oneReference,
    )
    .addHelpText(
      "after",
      "\nExit codes: 0 every change has the version bump it needs, 1 at least one does not, 2 the comparison could not be made.",
    )
    .parse([...args], { from: "user" })
    .opts();
}

function oneReference(text: string, previous: string | undefined): string {
  if (previous !== undefined) throw new InvalidArgumentError("The option is repeated; give only one ref.");
  // Git would take a leading dash as one of its own options.
  if (text === "" || text.startsWith("-"))
    throw new InvalidArgumentError("Expected a tag, branch or commit, as in --against v1.0.0.");
  return text;
}

async function workingSet(cwd: string): Promise<SchemaSet> {
  const remedy = "write the schemas with bun run contracts:export, from the project's root";
  const files = await readdir(join(cwd, FOLDER)).catch((cause: NodeJS.ErrnoException) => {
    throw new GateError(`cannot list ${FOLDER} (${cause.code}); ${remedy}`, { cause });
  });
  const names = files.filter((file) => file.endsWith(".json")).sort();
  if (names.length === 0) throw new GateError(`no schema in ${FOLDER}; ${remedy}`);
  const read = async (file: string) => Bun.file(join(cwd, FOLDER, file)).text();
  return parseAll(names, read, FOLDER);
}

async function setAt(cwd: string, commit: string): Promise<SchemaSet> {
  const names = (await namesAt(cwd, commit, FOLDER)).filter((file) => file.endsWith(".json"));
  return parseAll(
    names,
    (file) => textAt(cwd, commit, `${FOLDER}/${file}`),
    `${commit.slice(0, 12)}:${FOLDER}`,
  );
}

async function parseAll(
  files: readonly string[],
  read: (file: string) => Promise<string>,
  where: string,
): Promise<SchemaSet> {
  const entries = files.map(async (file): Promise<[string, Schema]> => {
    return [file.slice(0, -".json".length), parseSchema(await read(file), `${where}/${file}`)];
  });
  return new Map(await Promise.all(entries));
}

function parseSchema(text: string, where: string): Schema {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    const why = messageOf(cause).replace(/^JSON Parse error: /, "");
    throw new GateError(`${where} is not JSON (${why}); write it again with bun run contracts:export`, {
      cause,
    });
  }
  if (!isSchema(parsed)) throw new GateError(`${where} is not a JSON object, as a schema must be`);
  return parsed;
}

function report(changes: readonly Change[], violations: readonly Violation[]): string {
  const offences = new Map(violations.map((violation) => [violation.change, violation]));
  const lines = changes.map((change) => {
    const violation = offences.get(change);
    return line(violation ? "VIOLATION" : change.level, change, (violation ?? change).message);
  });
  for (const violation of violations.filter(({ change }) => change === undefined)) {
    lines.push(line("VIOLATION", violation, violation.message));
  }
  const broken = changes.filter((change) => change.level === "breaking").length;
  lines.push(
    `${count(changes.length, "change")}, ${broken} breaking, ${changes.length - broken} compatible; ` +
      (violations.length > 0 ? `${count(violations.length, "violation")}` : "no violation"),
  );
  return `${lines.join("\n")}\n`;
}

function line(mark: string, at: { schema: string; path: string; rule: string }, message: string): string {
  return `${mark.padEnd(10)}  ${at.schema}  #${at.path}  ${at.rule}: ${message}`;
}

function count(size: number, noun: string): string {
  return `${size} ${noun}${size === 1 ? "" : "s"}`;
}

if (import.meta.main) {
  process.exitCode = await runCheck(process.argv.slice(2), {
    cwd: process.cwd(),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
}
