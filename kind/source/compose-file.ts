import { join } from "node:path";

export const PROJECT = join(import.meta.dir, "../..");

/** A service in compose.yaml, with anchors and merges resolved but variables unresolved. */
export interface ComposeService {
  readonly profiles?: readonly string[];
  readonly image: string;
  readonly build?: { readonly dockerfile: string; readonly args: Readonly<Record<string, unknown>> };
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly expose?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly read_only?: boolean;
  readonly shm_size?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required?: boolean }>>;
  readonly healthcheck?: {
    readonly test: readonly string[];
    readonly interval: string;
    readonly timeout: string;
    readonly retries: number;
    readonly start_period: string;
  };
  readonly stop_grace_period?: string;
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

export const composeText = await Bun.file(join(PROJECT, "compose/compose.yaml")).text();

export const compose = Bun.YAML.parse(composeText) as ComposeFile;

/** Replaces the variables in a value of compose.yaml with their defaults, and unescapes `$$`. */
export function withDefaults(value: unknown): string {
  return String(value)
    .replaceAll(/\$\{[A-Z][A-Z0-9_]*:?-([^}]*)\}/g, "$1")
    .replaceAll("$$", "$");
}

/** Parses a Compose duration into seconds. */
export function seconds(text: string): number {
  return Number(/^(\d+)s$/.exec(text)?.[1]);
}

/** Converts a Compose memory size to Kubernetes' notation. */
export function memory(text: unknown): string {
  return withDefaults(text).replace(/m$/, "Mi").replace(/g$/, "Gi");
}
