import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { asyncApiDocument } from "../contracts/asyncapi.ts";
import { PROBLEMS } from "../contracts/problem.ts";
import { type PublishedSchema, publication, published } from "../contracts/schema.ts";
import { CATALOG, inOrder, schemaDocument } from "../contracts/schema-catalog.ts";
import { SERVICE_CATALOG } from "../contracts/services.ts";
import { TOPOLOGY } from "../contracts/topology.ts";
import { UI_REGISTRY } from "../contracts/ui-registry.ts";
import { exportedDocuments } from "./job-types/export-tables.ts";
import { JOB_TYPES } from "./job-types/registry.ts";
import { requestSchemaOf } from "./job-types/request-schema.ts";

const ROOT = dirname(import.meta.dir);
/** The export writes every file in this folder. */
export const SCHEMA_FOLDER = "contracts/schemas";
const EXPORT_FOLDER = "contracts/exported";

/** Returns every published schema, sorted by name: the contracts' schemas and each job type's payload schema. */
export function publishedSchemas(): PublishedSchema[] {
  const payloads = [...JOB_TYPES.values()].map(({ name, version, description, payload }) =>
    publication(published(`job-type.${name}`, version, { description, ...requestSchemaOf(payload) })),
  );
  return inOrder([...CATALOG, ...payloads]);
}

/** Generates the text of every exported file, by its path from the project's root. */
export function exportedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  const add = (path: string, value: unknown) => files.set(path, `${JSON.stringify(value, null, 2)}\n`);
  for (const schema of publishedSchemas())
    add(`${SCHEMA_FOLDER}/${schema.name}.json`, schemaDocument(schema));
  // These two have no `$comment`: AsyncAPI does not allow it, and every key of problem-codes.json is a problem code.
  add(`${EXPORT_FOLDER}/asyncapi.json`, asyncApiDocument());
  add(`${EXPORT_FOLDER}/problem-codes.json`, PROBLEMS);
  add(`${EXPORT_FOLDER}/services.json`, { ...generatedFrom("contracts/services.ts"), ...SERVICE_CATALOG });
  add(`${EXPORT_FOLDER}/topology.json`, { ...generatedFrom("contracts/topology.ts"), ...TOPOLOGY });
  add(`${EXPORT_FOLDER}/ui-registry.json`, {
    $schema: "../schemas/ui-registry.json",
    ...generatedFrom("contracts/ui-registry.ts"),
    ...UI_REGISTRY,
  });
  return files;
}

function generatedFrom(source: string) {
  return { $comment: `Generated from ${source} by \`bun run contracts:export\`` };
}

/** Lists files in the schema folder that the export does not write. */
export async function surplusFiles(files: ReadonlyMap<string, string>): Promise<string[]> {
  const found = await readdir(join(ROOT, SCHEMA_FOLDER)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return found.map((name) => `${SCHEMA_FOLDER}/${name}`).filter((path) => !files.has(path));
}

/** Brings every generated file and table up to date, removes surplus schema files, and reports the changes. */
export async function exportAll(): Promise<void> {
  const files = new Map([...exportedFiles(), ...exportedDocuments(ROOT, [...JOB_TYPES.values()])]);
  const changes: string[] = [];
  for (const path of await surplusFiles(files)) {
    await rm(join(ROOT, path), { recursive: true });
    changes.push(`removed ${path}`);
  }
  for (const [path, text] of files) {
    const file = Bun.file(join(ROOT, path));
    const isCurrent = (await file.exists()) && (await file.text()) === text;
    // Even an unchanged file is rewritten, so that its modification time is never older than its source's.
    await Bun.write(file, text);
    if (!isCurrent) changes.push(`wrote ${path}`);
  }
  console.log(
    changes.length > 0 ? `Export: ${changes.join(", ")}` : `Export: all ${files.size} files are up to date`,
  );
}

if (import.meta.main) await exportAll();
