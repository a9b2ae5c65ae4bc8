import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import Ajv2020 from "ajv/dist/2020";
import addFormats from "ajv-formats";
import { exportedFiles, publishedSchemas, SCHEMA_FOLDER } from "../shared/export-contracts.ts";
import { JOB_TYPES } from "../shared/job-types/registry.ts";
import { badPayloads, type Case, goldenPayloads } from "../tests/support/payload-cases.ts";
import { CATALOGUE } from "./catalogue.ts";
import { EventEnvelope } from "./envelope.ts";
import { EVENT_TYPES } from "./events.ts";
import { schemaId } from "./schema.ts";

const FIXTURES = join(import.meta.dir, "fixtures");
/** Names what is wrong in the sight of the two validators, or nothing. */
interface Judges {
  here(value: unknown): string[];
  elsewhere(value: unknown): string[];
}

const ajv = addFormats(new Ajv2020({ strict: true, allErrors: true }));
ajv.addKeyword("$version");
for (const [path, text] of exportedFiles())
  if (path.startsWith(SCHEMA_FOLDER)) ajv.addSchema(JSON.parse(text));

function judgesOf(name: string, checker: TypeCheck<never>): Judges {
  const validate = ajv.getSchema(schemaId(name));
  if (!validate) throw new Error(`The export has no schema ${name}`);
  return {
    here: (value) => (checker.Check(value) ? [] : [...checker.Errors(value)].map(({ path }) => path)),
    elsewhere: (value) => (validate(value) ? [] : (validate.errors ?? []).map((error) => error.instancePath)),
  };
}

function fixturesIn(name: string, kind: "golden" | "negative"): Case[] {
  const folder = join(FIXTURES, name, kind);
  return readdirSync(folder)
    .sort()
    .map((file) => ({ file, value: JSON.parse(readFileSync(join(folder, file), "utf8")) as unknown }));
}

const schemas = publishedSchemas();

/** Those of a job type follow from its examples and its schema, so that adding or removing one is one file. */
function casesOf(name: string, kind: "golden" | "negative"): Case[] {
  const jobType = JOB_TYPES.get(name.replace("job-type.", ""));
  if (!name.startsWith("job-type.") || !jobType) return fixturesIn(name, kind);
  return kind === "golden" ? goldenPayloads(jobType) : badPayloads(jobType);
}

test("every schema of the catalogue has fixtures, and there are no others", () => {
  expect(readdirSync(FIXTURES).sort()).toEqual(CATALOGUE.map(({ name }) => name).sort());
});

for (const { name, schema } of schemas) {
  describe(name, () => {
    const judges = judgesOf(name, TypeCompiler.Compile(schema) as TypeCheck<never>);

    test("both validators accept its golden fixtures", () => {
      const golden = casesOf(name, "golden");
      expect(golden.length).toBeGreaterThanOrEqual(name.startsWith("job-type.") ? 1 : 3);
      const refused = golden.map(({ file, value }) => ({
        file,
        here: judges.here(value),
        elsewhere: judges.elsewhere(value),
      }));
      expect(refused.filter(({ here, elsewhere }) => here.length + elsewhere.length > 0)).toEqual([]);
    });

    test("both validators refuse its negative fixtures and say where", () => {
      const negative = casesOf(name, "negative");
      expect(negative.length).toBeGreaterThanOrEqual(name.startsWith("job-type.") ? 2 : 5);
      const accepted = negative.map(({ file, value }) => ({
        file,
        here: judges.here(value).length,
        elsewhere: judges.elsewhere(value).length,
      }));
      expect(accepted.filter(({ here, elsewhere }) => here === 0 || elsewhere === 0)).toEqual([]);
    });
  });
}

test("every golden event is an envelope too", () => {
  const { here } = judgesOf("event-envelope", TypeCompiler.Compile(EventEnvelope) as TypeCheck<never>);
  const strangers = EVENT_TYPES.flatMap((eventType) =>
    fixturesIn(`event.${eventType}`, "golden")
      .filter(({ value }) => here(value).length > 0)
      .map(({ file }) => `${eventType}/${file}`),
  );
  expect(strangers).toEqual([]);
});
