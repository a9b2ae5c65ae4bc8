import Ajv2020, { type ValidateFunction } from "ajv/dist/2020.js";
import type { JobRequest } from "../contracts/api-commands.ts";
import type { Job } from "../contracts/job.ts";
import type { JobTypeInfo } from "../contracts/job-type.ts";
import { startTimeOf } from "../shared/start-time.ts";

export type FieldKind = "choice" | "text" | "number" | "json";

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: FieldKind;
  readonly value: string;
  /** The caret's position in the value, in UTF-16 code units. */
  readonly caret: number;
  readonly choices?: readonly string[];
  readonly required: boolean;
  readonly hint: string;
  /** Whether the field is the type, a payload property or another part of the request. */
  readonly part: "type" | "payload" | "request";
}

/** A job under construction: its fields in order, then the button that submits it. */
export interface Form {
  readonly types: readonly JobTypeInfo[];
  readonly fields: readonly Field[];
  /** The focused field's index, or `fields.length` for the button. */
  readonly focus: number;
  /** The job or dead letter being edited. */
  readonly origin?: { readonly id: string; readonly kind: "job" | "dead-letter" };
  readonly submitting: boolean;
  /** Why the gateway refused the last submission. */
  readonly refusal?: string;
}

interface PropertySchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly format?: string;
}

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
const validators = new WeakMap<object, ValidateFunction>();

export function openForm(types: readonly JobTypeInfo[], typeName?: string): Form {
  const type = types.find(({ name }) => name === typeName) ?? types[0];
  return { types, fields: type ? fieldsOf(types, type, type.example) : [], focus: 0, submitting: false };
}

/**
 * Opens a form filled with the payload of a job or dead letter, to be edited and submitted again. Returns undefined if
 * the type is unknown.
 */
export function editForm(
  types: readonly JobTypeInfo[],
  job: Pick<Job, "id" | "type" | "payload">,
  kind: "job" | "dead-letter",
): Form | undefined {
  const type = types.find(({ name }) => name === job.type);
  if (!type) return undefined;
  const fields = fieldsOf(types, type, job.payload ?? {});
  return {
    types,
    fields,
    focus: Math.min(1, fields.length),
    origin: { id: job.id, kind },
    submitting: false,
  };
}

function fieldsOf(
  types: readonly JobTypeInfo[],
  type: JobTypeInfo,
  values: Record<string, unknown>,
): Field[] {
  const { properties = {}, required = [] } = type.payloadSchema as {
    properties?: Record<string, PropertySchema>;
    required?: readonly string[];
  };
  const payload = Object.entries(properties).map(([name, schema]) =>
    payloadField(name, schema, required.includes(name), values[name] ?? schema.default),
  );
  return [
    field({
      name: "type",
      label: "Type",
      kind: "choice",
      value: type.name,
      choices: types.map(({ name }) => name),
      hint: type.description,
      part: "type",
      required: true,
    }),
    ...payload,
    field({ name: "count", label: "Count", kind: "number", value: "1", hint: "how many jobs, up to 1,000" }),
    field({
      name: "priority",
      label: "Priority",
      kind: "number",
      hint: "0 to 9; 9 is served first, empty means 5",
    }),
    field({
      name: "runAt",
      label: "Run at",
      kind: "text",
      hint: "empty means now; +30s, +5m, +2h or a time like 2027-01-31T09:00:00Z",
    }),
    field({
      name: "idempotencyKey",
      label: "Idempotency key",
      kind: "text",
      hint: "a repeated key creates no second job",
    }),
  ];
}

function field(facts: Partial<Field> & Pick<Field, "name" | "label" | "kind">): Field {
  const value = facts.value ?? "";
  return { required: false, hint: "", part: "request", ...facts, value, caret: value.length };
}

function payloadField(name: string, schema: PropertySchema, required: boolean, value: unknown): Field {
  const choices = schema.type === "boolean" ? ["true", "false"] : schema.enum?.map(String);
  const kind: FieldKind = choices
    ? "choice"
    : schema.type === "string"
      ? "text"
      : schema.type === "integer" || schema.type === "number"
        ? "number"
        : "json";
  const text = value === undefined ? "" : kind === "json" ? JSON.stringify(value) : String(value);
  return field({
    name,
    label: name,
    kind,
    value: text,
    ...(choices && { choices: required ? choices : ["", ...choices] }),
    required,
    hint: [schema.description, boundsOf(schema, kind)].filter(Boolean).join("; "),
    part: "payload",
  });
}

function boundsOf({ minimum, maximum, maxLength, type }: PropertySchema, kind: FieldKind): string {
  if (kind === "json") return `JSON${type ? `, ${type}` : ""}`;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `at least ${minimum}`;
  if (maximum !== undefined) return `at most ${maximum}`;
  return maxLength === undefined ? "" : `up to ${maxLength} characters`;
}

/**
 * Returns a field's key in the map of problems. The key includes the part, because a payload property may have the
 * same name as a request field.
 */
export const problemKey = ({ part, name }: Pick<Field, "part" | "name">) => `${part}.${name}`;

/**
 * Reads the job request from the form. `problems` maps each invalid field's {@link problemKey} to what is wrong with
 * it.
 */
export function readForm(
  form: Form,
  now: number,
): { request: JobRequest; count: number; problems: ReadonlyMap<string, string> } {
  const problems = new Map<string, string>();
  const complain = (part: Field["part"], name: string, message: string) =>
    problems.set(problemKey({ part, name }), message);
  const payload: Record<string, unknown> = {};
  for (const item of form.fields.filter(({ part }) => part === "payload")) {
    const value = readField(item);
    if (value instanceof Error) complain("payload", item.name, value.message);
    else if (value !== undefined) payload[item.name] = value;
    else if (item.required) complain("payload", item.name, "required");
  }
  const text = (name: string) =>
    form.fields.find((item) => item.name === name && item.part !== "payload")?.value.trim() ?? "";
  const type = form.types.find(({ name }) => name === text("type"));
  if (type)
    for (const [name, message] of violations(type.payloadSchema, payload))
      if (!problems.has(problemKey({ part: "payload", name }))) complain("payload", name, message);

  const count = wholeNumber(text("count"), 1, 1_000);
  if (count === undefined) complain("request", "count", "a whole number from 1 to 1000");
  const priority = text("priority") === "" ? undefined : wholeNumber(text("priority"), 0, 9);
  if (text("priority") !== "" && priority === undefined)
    complain("request", "priority", "a whole number from 0 to 9");
  const runAt = startTimeOf(text("runAt"), now);
  if (runAt === null) complain("request", "runAt", "+30s, +5m, +2h or an RFC 3339 time");
  const idempotencyKey = text("idempotencyKey") || undefined;
  if (idempotencyKey && (count ?? 1) > 1)
    complain("request", "idempotencyKey", "one key identifies one job: set Count to 1");

  const request: JobRequest = {
    type: text("type"),
    payload,
    ...(priority !== undefined && { priority }),
    ...(runAt && { runAt }),
    ...(idempotencyKey && { idempotencyKey }),
    ...(form.origin?.kind === "job" && { originId: form.origin.id }),
  };
  return { request, count: count ?? 1, problems };
}

function readField({ kind, value, choices }: Field): unknown {
  if (value === "" && kind !== "text") return undefined;
  if (kind === "number")
    return value.trim() === "" || Number.isNaN(Number(value)) ? new Error("a number") : Number(value);
  if (kind === "choice" && choices?.includes("true") && choices.includes("false")) return value === "true";
  if (kind !== "json") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return new Error("not JSON");
  }
}

function violations(schema: Record<string, unknown>, payload: unknown): [string, string][] {
  let validate = validators.get(schema);
  if (!validate) {
    validate = ajv.compile(schema);
    validators.set(schema, validate);
  }
  if (validate(payload)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = "not valid", params }) => [
    instancePath.split("/")[1] ?? String((params as { missingProperty?: string }).missingProperty ?? ""),
    message,
  ]);
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= least && value <= most ? value : undefined;
}

/** Applies a key to the form. The caller handles the keys that leave or submit the form. */
export function editField(form: Form, key: string): Form {
  const item = form.fields[form.focus];
  const move = (by: number): Form => ({
    ...form,
    focus: Math.max(0, Math.min(form.fields.length, form.focus + by)),
  });
  if (key === "up" || key === "shift-tab") return move(-1);
  if (key === "down" || key === "tab" || key === "enter") return move(1);
  if (!item || form.submitting) return form;
  if (item.kind === "choice") return cycle(form, item, key);
  const edited = typed(item.value, item.caret, key);
  return edited ? replaced(form, { ...item, ...edited }) : form;
}

/** Applies a key that types, moves the caret or deletes. Returns undefined for any other key. */
export function typed(
  value: string,
  caret: number,
  key: string,
): { value: string; caret: number } | undefined {
  const at = (place: number) => ({ value, caret: Math.max(0, Math.min(value.length, place)) });
  switch (key) {
    case "left":
      return at(caret - 1);
    case "right":
      return at(caret + 1);
    case "home":
    case "ctrl-a":
      return at(0);
    case "end":
    case "ctrl-e":
      return at(value.length);
    case "ctrl-u":
      return { value: value.slice(caret), caret: 0 };
    case "backspace":
      return {
        value: value.slice(0, Math.max(0, caret - 1)) + value.slice(caret),
        caret: Math.max(0, caret - 1),
      };
    case "delete":
      return { value: value.slice(0, caret) + value.slice(caret + 1), caret };
  }
  if ([...key].length !== 1 || key < " ") return undefined;
  return { value: value.slice(0, caret) + key + value.slice(caret), caret: caret + key.length };
}

function cycle(form: Form, item: Field, key: string): Form {
  const choices = item.choices ?? [];
  const step = key === "left" ? -1 : key === "right" || key === " " ? 1 : 0;
  // A letter jumps to the next choice that begins with it.
  const place = choices.indexOf(item.value);
  const jump =
    step === 0
      ? [...choices.slice(place + 1), ...choices.slice(0, place)].find((choice) => choice.startsWith(key))
      : undefined;
  const value =
    jump ??
    (step === 0 ? item.value : (choices[(place + step + choices.length) % choices.length] ?? item.value));
  if (value === item.value) return form;
  if (item.part === "type") return { ...openForm(form.types, value), focus: 0 };
  return replaced(form, { ...item, value, caret: value.length });
}

function replaced(form: Form, item: Field): Form {
  return {
    ...form,
    refusal: undefined,
    fields: form.fields.map((old, index) => (index === form.focus ? item : old)),
  };
}
