import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SERVICE_NAMES, type ServiceName } from "../../contracts/services.ts";
import { jobTypeFiles } from "../../shared/job-types/discover.ts";

/** The files that run in each service, as paths relative to the project's root. */
export type SourceGraph = ReadonlyMap<ServiceName, ReadonlySet<string>>;

/** Thrown if a source file cannot be parsed. The message contains the file, line, column and source line. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

const REGISTRY = "shared/job-types/registry.ts";
const transpiler = new Bun.Transpiler({ loader: "ts" });

/**
 * Follows every service's imports, except type-only imports, which do not exist at run time. Throws a
 * {@link SourceError} if a source has a syntax error.
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

/**
 * Returns the services that run at least one of the files according to at least one of the graphs. To find the services
 * that used a deleted file, pass a graph that was read before the deletion.
 */
export function servicesWith(files: ReadonlySet<string>, ...graphs: SourceGraph[]): Set<ServiceName> {
  return new Set(
    SERVICE_NAMES.filter((service) =>
      graphs.some((graph) => !(graph.get(service)?.isDisjointFrom(files) ?? true)),
    ),
  );
}

function reachable(entry: string, importsOf: (file: string) => readonly string[]): Set<string> {
  const found = new Set([entry]);
  // Iterating over a set includes the entries that the loop adds.
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
  // The registry does not import job types by name: it loads every job type in its folder.
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

/** Returns the worker threads' modules, which a source names in a string rather than in an import. */
function startedThreads(text: string): string[] {
  return [...text.matchAll(/(?<!from\s)"(\.{1,2}\/[\w./-]+-worker\.ts)"/g)].map(([, path = ""]) => path);
}
