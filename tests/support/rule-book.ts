import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";

export const prometheusFolder = join(import.meta.dir, "../../compose/prometheus");

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

/** Reads the files in compose/prometheus/rules. Returns their contents by file name. */
export function readRuleFiles(): Record<string, RuleFile> {
  const folder = join(prometheusFolder, "rules");
  return Object.fromEntries(
    readdirSync(folder).map((name) => [
      name,
      YAML.parse(readFileSync(join(folder, name), "utf8")) as RuleFile,
    ]),
  );
}

export function readRules(): Rule[] {
  return Object.values(readRuleFiles()).flatMap(({ groups }) => groups.flatMap(({ rules }) => rules));
}
