import { join } from "node:path";
import { composeText, PROJECT } from "../../kind/source/compose-file.ts";

export { type ComposeService, compose, PROJECT, withDefaults } from "../../kind/source/compose-file.ts";

const FOLDER = join(PROJECT, "compose");

/** Every variable that compose.yaml reads, with all its defaults. */
export const variables = new Map<string, Set<string>>();
for (const [, name = "", preset] of composeText.matchAll(/\$\{([A-Z][A-Z0-9_]*)(?::?-([^}]*))?\}/g)) {
  const presets = variables.get(name) ?? new Set();
  variables.set(name, presets.add(preset ?? "(none)"));
}

/** Every variable that .env.example explains, with its value. */
export const explained = new Map(
  [...(await Bun.file(join(FOLDER, ".env.example")).text()).matchAll(/^#([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(
    ([, name = "", value = ""]) => [name, value] as const,
  ),
);

/** Returns the rows of every table in a Markdown file, as cells without backticks. */
export async function tableRows(path: string): Promise<string[][]> {
  const lines = (await Bun.file(join(PROJECT, path)).text()).split("\n");
  return lines
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("`", "")),
    )
    .filter(([first = ""]) => !/^-+$/.test(first));
}
