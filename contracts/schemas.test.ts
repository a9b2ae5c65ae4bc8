import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import Ajv2020 from "ajv/dist/2020";
import { judge, type Schema } from "../shared/compatibility/judge.ts";
import { isSchema } from "../shared/compatibility/schema.ts";
import { exportedFiles, publishedSchemas, SCHEMA_FOLDER, surplusFiles } from "../shared/export-contracts.ts";
import { exportedDocuments } from "../shared/job-types/export-tables.ts";
import { JOB_TYPES } from "../shared/job-types/registry.ts";
import { PROBLEM_CODES } from "./problem.ts";
import { SemVer, schemaId } from "./schema.ts";
import { ServiceCatalog } from "./service-schema.ts";
import { Topology } from "./topology.ts";
import { UiRegistry } from "./ui-registry.ts";

const ROOT = join(import.meta.dir, "..");
const REMEDY = "run `bun run contracts:export` and commit what it writes";
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const readJson = (path: string): unknown => JSON.parse(read(path));

const files = exportedFiles();
const documents = [...files]
  .filter(([path]) => path.startsWith(SCHEMA_FOLDER))
  .map(([path, text]) => ({ path, text, document: JSON.parse(text) as Record<string, unknown> }));

test(`committed files equal the export's output (otherwise ${REMEDY})`, async () => {
  const written = [...files, ...exportedDocuments(ROOT, [...JOB_TYPES.values()])];
  const faults = written.flatMap(([path, text]) => {
    const committed = readIfThere(path);
    if (committed === text) return [];
    return [`${path} is ${committed === undefined ? "missing" : "stale"}`];
  });
  for (const path of await surplusFiles(files)) faults.push(`${path} is surplus`);
  expect(faults).toEqual([]);
});

test("every schema names its draft and has an $id derived from its name and a SemVer $version", () => {
  for (const { path, document } of documents) {
    const name = path.slice(SCHEMA_FOLDER.length + 1, -".json".length);
    expect(document.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(document.$id).toBe(schemaId(name));
    expect(Value.Check(SemVer, document.$version)).toBe(true);
    expect(Object.keys(document).slice(0, 3)).toEqual(["$schema", "$id", "$version"]);
  }
});

test("schema names are unique, and every reference leads to a published schema", () => {
  const names = publishedSchemas().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const ids = new Set(names.map(schemaId));
  const astray = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/"\$ref": "([^"]+)"/g)]
      .filter(([, ref]) => !ids.has(String(ref)))
      .map(([, ref]) => `${path}: ${ref}`),
  );
  expect(astray).toEqual([]);
});

test("a strict validator knows every keyword, and every job type's payload schema is published", () => {
  const ajv = new Ajv2020({ strict: true, validateFormats: false });
  ajv.addKeyword("$version");
  for (const { document } of documents) ajv.addSchema(document);
  for (const { document } of documents) expect(ajv.getSchema(String(document.$id))).toBeFunction();
  for (const { name, version } of JOB_TYPES.values())
    expect(ajv.getSchema(schemaId(`job-type.${name}`))?.schema).toMatchObject({ $version: version });
});

test("the compatibility check finds no change in a copy of the schemas, and detects a change without a version bump", () => {
  const real = new Map(
    publishedSchemas().map(({ name }) => [name, schemaIn(`${SCHEMA_FOLDER}/${name}.json`)]),
  );
  expect(judge(real, structuredClone(real))).toEqual({ violations: [], changes: [] });

  const closed = new Map(real).set("stats", { ...real.get("stats"), additionalProperties: false });
  expect(judge(real, closed).violations.map(({ schema }) => schema)).toEqual(["stats"]);
});

test("every job type's example matches its published schema", () => {
  const published = new Map(publishedSchemas().map(({ name, schema }) => [name, schema]));
  for (const { name, example } of JOB_TYPES.values()) {
    const schema = published.get(`job-type.${name}`);
    expect(schema).toBeDefined();
    expect(Value.Check(schema ?? Type.Never(), example)).toBe(true);
  }
});

test("lengths count UTF-16 code units, so TypeBox accepts nothing that the published schema refuses", () => {
  const ajv = new Ajv2020();
  const schema = Type.String({ minLength: 1, maxLength: 4 });
  const verdicts = (text: string) => [Value.Check(schema, text), ajv.validate(schema, text)];
  expect(verdicts("🐇🐇")).toEqual([true, true]);
  expect(verdicts("🐇🐇🐇")).toEqual([false, true]);
  // With a minimum above 1, TypeBox could accept a text that is too short: one character may be two code units.
  const lower = documents.flatMap(({ text }) => [...text.matchAll(/"minLength": (\d+)/g)].map(([, n]) => n));
  expect(new Set(lower)).toEqual(new Set(["1"]));
});

test("the topology table and the service catalog match their schemas", () => {
  expect([...Value.Errors(Topology, readJson("contracts/exported/topology.json"))]).toEqual([]);
  expect([...Value.Errors(ServiceCatalog, readJson("contracts/exported/services.json"))]).toEqual([]);
});

test("every problem code is listed with its status, its title, and whether to try again", () => {
  const codes = readJson("contracts/exported/problem-codes.json") as Record<string, unknown>;
  expect(Object.keys(codes)).toEqual(PROBLEM_CODES);
  const Definition = Type.Object(
    {
      status: Type.Integer({ minimum: 400, maximum: 599 }),
      title: Type.String({ minLength: 1 }),
      retryable: Type.Boolean(),
    },
    { additionalProperties: false },
  );
  for (const definition of Object.values(codes)) expect(Value.Check(Definition, definition)).toBe(true);
});

test("the interface registry matches its schema and lists the expected ports and paths", () => {
  const registry = readJson("contracts/exported/ui-registry.json");
  expect([...Value.Errors(UiRegistry, registry)]).toEqual([]);
  const { interfaces } = Value.Decode(UiRegistry, registry);
  expect(interfaces.map(({ id, port, path }) => `${id} ${port}${path}`)).toEqual([
    "web 8081/",
    "gateway-docs 3000/docs",
    "read-model-docs 8080/docs",
    "rabbitmq 15672/",
    "grafana 3002/",
    "prometheus 9090/",
    "jaeger 16686/",
    "pgadmin 5050/",
    "mongo-express 8082/",
    "redisinsight 8001/",
  ]);
});

function schemaIn(path: string): Schema {
  const parsed: unknown = JSON.parse(files.get(path) ?? "null");
  if (!isSchema(parsed)) throw new Error(`The export has no schema at ${path}`);
  return parsed;
}

function readIfThere(path: string): string | undefined {
  try {
    return read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
