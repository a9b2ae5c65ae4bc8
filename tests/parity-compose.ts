import { join } from "node:path";

export const PROJECT = join(import.meta.dir, "..");
const FOLDER = join(PROJECT, "compose");

/** A service of compose.yaml, with anchors and merges resolved and variables as they are written. */
export interface ComposeService {
  readonly profiles?: readonly string[];
  readonly image: string;
  readonly build?: { readonly dockerfile: string; readonly args: Readonly<Record<string, unknown>> };
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly entrypoint?: readonly string[];
  readonly ports?: readonly string[];
  readonly expose?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required?: boolean }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart?: string;
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly mem_limit?: string;
  readonly cpus?: string;
}

interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}

const text = await Bun.file(join(FOLDER, "compose.yaml")).text();

/** compose.yaml. */
export const compose = Bun.YAML.parse(text) as ComposeFile;

/** Each variable that compose.yaml reads, with each of its defaults. */
export const variables = new Map<string, Set<string>>();
for (const [, name = "", preset] of text.matchAll(/\$\{([A-Z][A-Z0-9_]*)(?::?-([^}]*))?\}/g)) {
  const presets = variables.get(name) ?? new Set();
  variables.set(name, presets.add(preset ?? "(none)"));
}

/** Each variable that .env.example explains, with its value there. */
export const explained = new Map(
  [...(await Bun.file(join(FOLDER, ".env.example")).text()).matchAll(/^#([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(
    ([, name = "", value = ""]) => [name, value] as const,
  ),
);

/** A text of compose.yaml with every variable at its default. */
export function withDefaults(value: unknown): string {
  return String(value).replaceAll(/\$\{[A-Z][A-Z0-9_]*:?-([^}]*)\}/g, "$1");
}

/** The rows of every table in a Markdown file, as cells without their backticks. */
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
