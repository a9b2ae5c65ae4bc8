/** The part of JSON Schema that has form controls. Anything else is edited as JSON. */
export interface PayloadSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly PayloadSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, PayloadSchema>>;
  readonly required?: readonly string[];
  readonly items?: PayloadSchema;
}

export type FieldKind = "choice" | "text" | "long-text" | "number" | "object" | "list" | "json";

const LONG_TEXT = 300;

/** Returns the kind of control that edits a schema's value. */
export function kindOf(schema: PayloadSchema): FieldKind {
  if (choicesOf(schema)) return "choice";
  switch (schema.type) {
    case "string":
      return (schema.maxLength ?? 0) > LONG_TEXT ? "long-text" : "text";
    case "integer":
    case "number":
      return "number";
    case "object":
      return schema.properties ? "object" : "json";
    case "array":
      return schema.items ? "list" : "json";
    default:
      return "json";
  }
}

/** Returns the allowed values, or undefined if the schema does not list them. */
export function choicesOf({ type, enum: values, const: only, anyOf }: PayloadSchema): unknown[] | undefined {
  if (type === "boolean") return [true, false];
  if (values) return [...values];
  if (only !== undefined) return [only];
  if (anyOf?.every(({ const: one }) => one !== undefined)) return anyOf.map(({ const: one }) => one);
  return undefined;
}

/** Returns the initial value of a newly added field. */
export function startOf(schema: PayloadSchema): unknown {
  if (schema.default !== undefined) return schema.default;
  switch (kindOf(schema)) {
    case "choice":
      return choicesOf(schema)?.[0];
    case "number":
      return schema.minimum ?? 0;
    case "object":
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, startOf(schema.properties?.[name] ?? {})]),
      );
    case "list":
      return Array.from({ length: schema.minItems ?? 0 }, () => startOf(schema.items ?? {}));
    case "json":
      return schema.type === "array" ? [] : schema.type === "object" ? {} : null;
    default:
      return "";
  }
}

/** Describes a schema's limits in a few words. */
export function boundsOf(schema: PayloadSchema): string {
  const { minimum, maximum, minItems, maxItems } = schema;
  const unit = kindOf(schema) === "list" ? " items" : "";
  const [least, most] = unit ? [minItems, maxItems] : [minimum, maximum];
  const number = (value: number) => value.toLocaleString("en-US");
  if (least !== undefined && most !== undefined) return `${number(least)} to ${number(most)}${unit}`;
  if (least !== undefined) return `at least ${number(least)}${unit}`;
  if (most !== undefined) return `at most ${number(most)}${unit}`;
  return schema.maxLength === undefined ? "" : `up to ${number(schema.maxLength)} characters`;
}
