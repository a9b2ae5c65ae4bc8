import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TypeCheck, TypeCompiler, type ValueError } from "@sinclair/typebox/compiler";
import Ajv2020 from "ajv/dist/2020";
import addFormats from "ajv-formats";
import { applyPatch, type Operation } from "rfc6902";
import { exportedFiles, publishedSchemas, SCHEMA_FOLDER } from "../shared/export-contracts.ts";
import { JOB_TYPES } from "../shared/job-types/registry.ts";
import { badPayloads, type Case, goldenPayloads } from "../tests/support/payload-cases.ts";
import { EventEnvelope } from "./envelope.ts";
import { EVENT_TYPES } from "./events.ts";
import { schemaId } from "./schema.ts";
import { CATALOG } from "./schema-catalog.ts";

const FIXTURES = join(import.meta.dir, "fixtures");

interface InvalidCase extends Case {
  /** TypeBox's first error. Cases derived from a job type's schema do not specify it. */
  readonly error?: string;
}

/** Each validator's objections to a value: errors from TypeBox, paths from Ajv. Empty if it accepts the value. */
interface Judges {
  typebox(value: unknown): ValueError[];
  ajv(value: unknown): string[];
}

/** An entry of `invalid.json`: a complete value, or a patch that makes a case from `valid.json` invalid. */
type InvalidFixture = { readonly wrong: string; readonly error: string } & (
  | { readonly value: unknown }
  | { readonly valid: string; readonly patch: Operation[] }
);

const ajv = addFormats(new Ajv2020({ strict: true, allErrors: true }));
ajv.addKeyword("$version");
for (const [path, text] of exportedFiles())
  if (path.startsWith(SCHEMA_FOLDER)) ajv.addSchema(JSON.parse(text));

function judgesOf(name: string, checker: TypeCheck<never>): Judges {
  const validate = ajv.getSchema(schemaId(name));
  if (!validate) throw new Error(`The export has no schema ${name}`);
  return {
    typebox: (value) => (checker.Check(value) ? [] : [...checker.Errors(value)]),
    ajv: (value) => (validate(value) ? [] : (validate.errors ?? []).map((error) => error.instancePath)),
  };
}

const readFixture = (schema: string, file: string): unknown =>
  JSON.parse(readFileSync(join(FIXTURES, schema, file), "utf8"));

function validCases(schema: string): Case[] {
  const cases = readFixture(schema, "valid.json") as Record<string, unknown>;
  return Object.entries(cases).map(([name, value]) => ({ name, value }));
}

function invalidCases(schema: string): InvalidCase[] {
  const valid = readFixture(schema, "valid.json") as Record<string, unknown>;
  const fixtures = readFixture(schema, "invalid.json") as InvalidFixture[];
  return fixtures.map((fixture) => {
    const { wrong: name, error } = fixture;
    return {
      name,
      error,
      value: "value" in fixture ? fixture.value : patched(valid[fixture.valid], fixture.patch),
    };
  });
}

/** Returns a patched copy. A patch that does not apply is a bug in the fixture, not a refused value, so it throws. */
function patched(value: unknown, patch: Operation[]): unknown {
  const copy = structuredClone(value);
  const failures = applyPatch(copy, patch).filter((failure) => failure !== null);
  if (failures.length > 0) throw failures[0];
  return copy;
}

/** Formats an error as `invalid.json` does: the message, after its JSON pointer unless that is the root. */
const wording = ({ path, message }: ValueError) => (path === "" ? message : `${path}: ${message}`);

const schemas = publishedSchemas();

test("every schema in the catalog has a fixture folder, and every fixture folder has a schema", () => {
  expect(readdirSync(FIXTURES).sort()).toEqual(CATALOG.map(({ name }) => name).sort());
});

for (const { name, schema } of schemas) {
  describe(name, () => {
    const judges = judgesOf(name, TypeCompiler.Compile(schema) as TypeCheck<never>);
    // A job type's cases are derived from its examples and its schema, so adding a job type takes one file.
    const jobType = name.startsWith("job-type.") ? JOB_TYPES.get(name.replace("job-type.", "")) : undefined;
    const valid = jobType ? goldenPayloads(jobType) : validCases(name);
    const invalid: InvalidCase[] = jobType ? badPayloads(jobType) : invalidCases(name);

    test("both validators accept the valid cases", () => {
      expect(valid.length).toBeGreaterThanOrEqual(jobType ? 1 : 3);
      const refused = valid.map((one) => ({
        name: one.name,
        typebox: judges.typebox(one.value).map(wording),
        ajv: judges.ajv(one.value),
      }));
      expect(refused.filter(({ typebox, ajv }) => typebox.length + ajv.length > 0)).toEqual([]);
    });

    test("both validators refuse the invalid cases, and TypeBox reports the expected error", () => {
      expect(invalid.length).toBeGreaterThanOrEqual(jobType ? 2 : 5);
      const verdicts = invalid.map((one) => {
        const [first] = judges.typebox(one.value).map(wording);
        return { name: one.name, error: first, refusedByAjv: judges.ajv(one.value).length > 0 };
      });
      const expected = invalid.map((one, index) => ({
        name: one.name,
        error: one.error ?? verdicts[index]?.error ?? "an error",
        refusedByAjv: true,
      }));
      expect(verdicts).toEqual(expected);
    });
  });
}

test("every valid event also matches the envelope schema", () => {
  const { typebox } = judgesOf("event-envelope", TypeCompiler.Compile(EventEnvelope) as TypeCheck<never>);
  const strangers = EVENT_TYPES.flatMap((eventType) =>
    validCases(`event.${eventType}`)
      .filter(({ value }) => typebox(value).length > 0)
      .map(({ name }) => `${eventType}: ${name}`),
  );
  expect(strangers).toEqual([]);
});
