import { expect, test } from "bun:test";
import { schemaFaults } from "./schema-faults.ts";

const SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["text", "size"],
  properties: {
    text: { type: "string", maxLength: 3 },
    rounds: { type: "integer", minimum: 1, maximum: 50_000 },
    size: { enum: ["small", "large"] },
    url: { type: "string", pattern: "^https?://" },
    retries: {
      type: "array",
      maxItems: 2,
      items: { type: "object", required: ["ms"], properties: { ms: { type: "number" } } },
    },
    "a/b c": { type: "boolean" },
  },
};
const faults = (payload: unknown) => Object.fromEntries(schemaFaults(SCHEMA, payload, "/payload"));

test("a valid payload has no faults", () => {
  expect(faults({ text: "abc", size: "small", retries: [{ ms: 1.5 }] })).toEqual({});
});

test("each invalid field has its own fault, which states the limit", () => {
  expect(faults({ text: "abcd", rounds: 0.5, size: "huge", url: "ftp://x" })).toEqual({
    "/payload/text": "Must have at most 3 characters",
    "/payload/rounds": "Must be a whole number",
    "/payload/size": 'Must be one of "small", "large"',
    "/payload/url": "Must match ^https?://",
  });
  expect(faults({ text: "", size: "small", rounds: 60_000 })).toEqual({
    "/payload/rounds": "Must be at most 50,000",
  });
});

test("faults of missing, unknown and nested properties have their own paths", () => {
  expect(faults({ text: "a", retries: [{ ms: 1 }, {}], extra: 1 })).toEqual({
    "/payload/size": "Required",
    "/payload/retries/1/ms": "Required",
    "/payload/extra": "Not a field of this job type",
  });
  expect(
    faults({ text: "a", size: "small", retries: [{ ms: "x" }, { ms: 1 }, { ms: 1 }], "a/b c": 1 }),
  ).toEqual({
    "/payload/retries": "Must have at most 2 items",
    "/payload/retries/0/ms": "Must be a number",
    "/payload/a~1b c": "Must be true or false",
  });
});

test("text in a number field is a fault", () => {
  expect(faults({ text: "a", size: "small", rounds: "12x" })).toEqual({
    "/payload/rounds": "Must be a whole number",
  });
});
