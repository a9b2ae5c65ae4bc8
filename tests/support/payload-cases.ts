import type { TSchema } from "@sinclair/typebox";
import type { JobType } from "../../shared/job-types/define.ts";
import { requestSchemaOf } from "../../shared/job-types/request-schema.ts";

/** A value to check against a schema, with the name that a failed test shows. */
export interface Case {
  readonly name: string;
  readonly value: unknown;
}

type Payload = Readonly<Record<string, unknown>>;

/**
 * Returns payloads that a job type must accept: its example, the example's required fields alone, and the example with
 * one field at a bound.
 */
export function goldenPayloads({ payload, example }: JobType): Case[] {
  const { required = [] } = requestSchemaOf(payload);
  const least = Object.fromEntries(required.map((name) => [name, example[name]]));
  const fields = entriesOf(payload).flatMap(([name, schema]) =>
    boundsOf(schema).map(({ label, value }) => ({
      name: `${name} at its ${label}`,
      value: { ...example, [name]: value },
    })),
  );
  return [{ name: "example", value: example }, { name: "only its required fields", value: least }, ...fields];
}

/** Returns payloads that a job type must refuse: its bad examples, and payloads that violate its schema. */
export function badPayloads({ payload, example, badExamples = [] }: JobType): Case[] {
  const asked = requestSchemaOf(payload);
  return [
    { name: "null", value: null },
    { name: "the example in an array", value: [example] },
    ...badExamples.map((value, index) => ({ name: `bad example ${index + 1}`, value })),
    ...(asked.required ?? []).map((name) => ({ name: `without ${name}`, value: without(example, name) })),
    ...(asked.additionalProperties === false ? strangers(example) : []),
    ...entriesOf(payload).flatMap(([name, schema]) =>
      misfitsOf(schema).map(({ label, value }) => ({
        name: `${name} ${label}`,
        value: { ...example, [name]: value },
      })),
    ),
  ];
}

interface Labeled {
  readonly label: string;
  readonly value: unknown;
}

function boundsOf(schema: TSchema): Labeled[] {
  const { type, minimum, maximum, maxLength, pattern, enum: values } = schema;
  if (type === "integer" || type === "number") return labeled({ minimum, maximum });
  if (type !== "string" || pattern !== undefined || schema.format !== undefined) return [];
  if (Array.isArray(values)) return values.map((value) => ({ label: JSON.stringify(value), value }));
  return maxLength === undefined ? [] : [{ label: "longest", value: "x".repeat(maxLength) }];
}

function misfitsOf(schema: TSchema): Labeled[] {
  const { type, minimum, maximum, maxLength } = schema;
  if (type === "boolean")
    return [
      { label: "as text", value: "true" },
      { label: "null", value: null },
    ];
  if (type === "string")
    return [
      { label: "as a number", value: 7 },
      { label: "null", value: null },
      ...(maxLength === undefined ? [] : [{ label: "too long", value: "x".repeat(maxLength + 1) }]),
    ];
  if (type !== "integer" && type !== "number") return [];
  return [
    { label: "as text", value: "7" },
    { label: "null", value: null },
    ...(type === "integer" ? [{ label: "with a fraction", value: (minimum ?? 0) + 0.5 }] : []),
    ...(minimum === undefined ? [] : [{ label: "below its minimum", value: minimum - 1 }]),
    ...(maximum === undefined ? [] : [{ label: "above its maximum", value: maximum + 1 }]),
  ];
}

function strangers(example: Payload): Case[] {
  return [
    { name: "an unknown field", value: { ...example, somethingUnknown: 1 } },
    // JSON.parse creates a field, whereas `__proto__` in an object literal would set the prototype.
    {
      name: "a field named __proto__",
      value: JSON.parse(`{"__proto__": 1, ${JSON.stringify(example).slice(1)}`.replace(", }", "}")),
    },
  ];
}

const entriesOf = ({ properties }: JobType["payload"]) => Object.entries(properties);
const without = (payload: Payload, name: string) =>
  Object.fromEntries(Object.entries(payload).filter(([key]) => key !== name));
const labeled = (bounds: Readonly<Record<string, unknown>>): Labeled[] =>
  Object.entries(bounds).flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
