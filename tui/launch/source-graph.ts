import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SERVICE_NAMES, type ServiceName } from "../../contracts/services.ts";
import { jobTypeFiles } from "../../shared/job-types/discover.ts";

/** The files that run in each service, as paths from the project's root. */
export type SourceGraph = ReadonlyMap<ServiceName, ReadonlySet<string>>;

/** A source that cannot be parsed; its message has file, line, column and the line itself. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

const REGISTRY = "shared/job-types/registry.ts";
const transpiler = new Bun.Transpiler({ loader: "ts" });

/**
 * Follows the imports of every service. Type-only imports do not count, because they do not exist at run time. Throws
 * a {@link SourceError} when a source has a syntax error.
 */
export function readSourceGraph(projectDir: string): SourceGraph {
  const imports = new Map<string, readonly string[]>();
  const importsOf = (file: string) => {
    const known = imports.get(file) ?? readImports(projectDir, file);
    imports.set(file, known);
    return known;
  };
  return new Map(
    SERVICE_NAMES.map((service) => [service, reachable(`services/${service}/main.ts`, importsOf)]),
  );
}

/** The services that run any of the files, by either of two graphs: a deleted file is only in the older one. */
export function servicesWith(files: ReadonlySet<string>, ...graphs: SourceGraph[]): Set<ServiceName> {
  return new Set(
    SERVICE_NAMES.filter((service) =>
      graphs.some((graph) => !(graph.get(service)?.isDisjointFrom(files) ?? true)),
    ),
  );
}

function reachable(entry: string, importsOf: (file: string) => readonly string[]): Set<string> {
  const found = new Set([entry]);
  // Iterating over a set includes what is added along the way.
  for (const file of found) for (const imported of importsOf(file)) found.add(imported);
  return found;
}

function readImports(projectDir: string, file: string): readonly string[] {
  const path = join(projectDir, file);
  if (!file.endsWith(".ts") || !existsSync(path)) return [];
  const text = readFileSync(path, "utf8");
  const imported = [...scan(file, text), ...startedThreads(text)]
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => join(dirname(file), specifier).replaceAll("\\", "/"));
  // The registry reads its folder when it is loaded.
  const types = file === REGISTRY ? jobTypeFiles(join(projectDir, dirname(file))) : [];
  return [...imported, ...types.map((name) => `${dirname(file)}/${name}`)];
}

function scan(file: string, text: string): string[] {
  try {
    return transpiler.scanImports(text).map(({ path }) => path);
  } catch (error) {
    const fault = error instanceof AggregateError ? error.errors[0] : error;
    if (!(fault instanceof BuildMessage)) throw error;
    const { line = 0, column = 0, lineText = "" } = fault.position ?? {};
    throw new SourceError(`${file}:${line}:${column}: ${fault.message}\n  ${lineText.trim().slice(0, 200)}`);
  }
}

/** Modules named in a string, such as the file of a thread. */
function startedThreads(text: string): string[] {
  return [...text.matchAll(/(?<!from\s)"(\.{1,2}\/[\w./-]+-worker\.ts)"/g)].map(([, path = ""]) => path);
}
