import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { TSchema } from "@sinclair/typebox";
import { withReferences } from "../../contracts/references.ts";
import { publication } from "../../contracts/schema.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { CLI_OUTPUTS } from "./outputs.ts";

/** Returns `docs/command-line.md`: the `--help` of every command, the exit codes and the JSON shapes. */
export function commandLineReference(program: CommandUnknownOpts): string {
  return `# Command line

Generated from the program by \`bun run docs:command-line\`. Without a command, \`odd-dashboard\` opens the
terminal UI. To run it from source, use \`bun run odd-dashboard\`; \`bun run build\` compiles the binary. An id
may be shortened to any part that has at least 4 digits and is unique among the newest 10,000 jobs, such as
the last 8 digits, which lists show.

${sections(program).join("\n\n")}

## Exit codes

| code | meaning |
| --- | --- |
${Object.entries(EXIT_CODES)
  .map(([code, meaning]) => `| ${code} | ${meaning} |`)
  .join("\n")}

Errors go to stderr, each with its remedy. Output has no colors if \`NO_COLOR\` is set or
stdout is not a terminal.

## JSON

\`--output json\` prints one JSON document; \`events --follow\` prints one document per line. Within a major
version, fields may be added but are never renamed or removed. If a contract defines the output, its schema is
linked; otherwise, the schema is shown.

${Object.entries(CLI_OUTPUTS)
  .map(([name, schema]) => shape(name, schema))
  .join("\n\n")}
`;
}

function sections(command: CommandUnknownOpts, path: readonly string[] = []): string[] {
  const help = command.createHelp();
  const name = path.length === 0 ? [] : [`## ${path.join(" ")}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``];
  const children = help.visibleCommands(command).filter((child) => child.name() !== "help");
  return [...name, ...children.flatMap((child) => sections(child, [...path, child.name()]))];
}

/** Returns a command's `--help` at 100 columns, with its examples. */
function helpOf(command: CommandUnknownOpts): string {
  let text = "";
  command.configureOutput({
    ...command.configureOutput(),
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 100,
  });
  command.outputHelp();
  return text.trimEnd();
}

function shape(name: string, schema: TSchema): string {
  const link = (published: string) => `../contracts/schemas/${published}.json`;
  if ("$version" in schema) {
    const { name: published } = publication(schema);
    return `**${name}**: [${published}](${link(published)})`;
  }
  const json = JSON.stringify(withReferences(schema, link), null, 2);
  return `**${name}**\n\n\`\`\`json\n${json}\n\`\`\``;
}
