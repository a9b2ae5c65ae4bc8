import type { ComponentChildren } from "preact";
import { Icon } from "../icon.tsx";
import { NumberInput } from "./number-input.tsx";
import { boundsOf, choicesOf, kindOf, type PayloadSchema, startOf } from "./payload-schema.ts";
import { type Faults, pointerPart } from "./schema-faults.ts";

export interface FieldProps {
  readonly name: string;
  /** JSON pointer to the value in the request, such as `/payload/text`. */
  readonly path: string;
  readonly schema: PayloadSchema;
  readonly required: boolean;
  readonly value: unknown;
  readonly faults: Faults;
  /** `undefined` removes the value from the payload. */
  readonly onChange: (value: unknown) => void;
}

/** Renders a field for each property of an object's schema. */
export function ObjectFields({
  path,
  schema,
  value,
  faults,
  onChange,
}: Omit<FieldProps, "name" | "required">) {
  const object = isObject(value) ? value : {};
  const set = (name: string, next: unknown) => {
    const { [name]: _, ...rest } = object;
    // Properties keep the schema's order, even if they are added later.
    const changed = next === undefined ? rest : { ...rest, [name]: next };
    const order = Object.keys(schema.properties ?? {});
    const rank = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
    onChange(Object.fromEntries(Object.entries(changed).sort(([a], [b]) => rank(a) - rank(b))));
  };
  return (
    <>
      {Object.entries(schema.properties ?? {}).map(([name, property]) => (
        <PayloadField
          key={name}
          name={name}
          path={`${path}/${pointerPart(name)}`}
          schema={property}
          required={schema.required?.includes(name) ?? false}
          value={object[name]}
          faults={faults}
          onChange={(next) => set(name, next)}
        />
      ))}
    </>
  );
}

/** Renders the control that fits a property's schema. */
export function PayloadField(props: FieldProps) {
  switch (kindOf(props.schema)) {
    case "object":
      return <Group {...props} body={ObjectFields} />;
    case "list":
      return <Group {...props} body={ListFields} />;
    case "choice":
      return <Choice {...props} />;
    case "number":
      return (
        <Labeled {...props}>
          {(attributes) => (
            <NumberInput
              {...attributes}
              value={props.value}
              placeholder={placeholderOf(props.schema)}
              onChange={props.onChange}
            />
          )}
        </Labeled>
      );
    case "json":
      return <JsonField {...props} />;
    default:
      return <TextField {...props} />;
  }
}

function TextField(props: FieldProps) {
  const { schema, value, required, onChange } = props;
  // An empty optional text is omitted from the payload; an empty required text is sent.
  const onInput = ({ currentTarget }: { currentTarget: { value: string } }) =>
    onChange(currentTarget.value === "" && !required ? undefined : currentTarget.value);
  const text = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return (
    <Labeled {...props}>
      {(attributes) =>
        kindOf(schema) === "long-text" ? (
          <textarea
            {...attributes}
            rows={2}
            value={text}
            placeholder={placeholderOf(schema)}
            onInput={onInput}
          />
        ) : (
          <input
            {...attributes}
            type="text"
            value={text}
            placeholder={placeholderOf(schema)}
            onInput={onInput}
          />
        )
      }
    </Labeled>
  );
}

function Choice(props: FieldProps) {
  const { schema, value, required, onChange } = props;
  const choices = choicesOf(schema) ?? [];
  const chosen = choices.indexOf(value);
  const unset = schema.default === undefined ? "not set" : `not set: ${shown(schema.default)}`;
  return (
    <Labeled {...props}>
      {(attributes) => (
        <select
          {...attributes}
          value={String(chosen)}
          onChange={({ currentTarget }) => onChange(choices[Number(currentTarget.value)])}
        >
          {(!required || chosen < 0) && (
            <option value="-1">{value === undefined || chosen >= 0 ? unset : shown(value)}</option>
          )}
          {choices.map((choice, index) => (
            <option value={String(index)} key={index}>
              {shown(choice)}
            </option>
          ))}
        </select>
      )}
    </Labeled>
  );
}

/** Edits a value as JSON if no other control fits. */
function JsonField(props: FieldProps) {
  const { value, onChange } = props;
  return (
    <Labeled {...props} note="JSON">
      {(attributes) => (
        <textarea
          {...attributes}
          rows={2}
          defaultValue={value === undefined ? "" : JSON.stringify(value)}
          onChange={({ currentTarget }) => onChange(readJson(currentTarget.value))}
        />
      )}
    </Labeled>
  );
}

/** Renders an object or a list inside the payload. If it is absent, a button adds it. */
function Group({
  body: Body,
  ...props
}: FieldProps & { body: (props: Omit<FieldProps, "name" | "required">) => ComponentChildren }) {
  const { name, path, schema, value, required, faults, onChange } = props;
  return (
    <fieldset class="group">
      <legend>
        {name}
        {!required && <span class="dim"> optional</span>}
      </legend>
      {schema.description && <p class="hint-text">{schema.description}</p>}
      {value === undefined ? (
        <button class="btn" type="button" onClick={() => onChange(startOf(schema))}>
          <Icon name="plus" />
          Add {name}
        </button>
      ) : (
        <>
          <Body {...props} />
          {!required && (
            <button class="link" type="button" onClick={() => onChange(undefined)}>
              Remove {name}
            </button>
          )}
        </>
      )}
      <Fault path={path} faults={faults} />
    </fieldset>
  );
}

function ListFields({ path, schema, value, faults, onChange }: Omit<FieldProps, "name" | "required">) {
  const items = Array.isArray(value) ? value : [];
  const item = schema.items ?? {};
  const isFull = schema.maxItems !== undefined && items.length >= schema.maxItems;
  return (
    <>
      {items.map((one, index) => (
        <div class="list-item" key={index}>
          <PayloadField
            name={`Item ${index + 1}`}
            path={`${path}/${index}`}
            schema={item}
            required
            value={one}
            faults={faults}
            onChange={(next) => onChange(items.with(index, next))}
          />
          <button
            class="btn quiet"
            type="button"
            aria-label={`Remove item ${index + 1}`}
            onClick={() => onChange(items.toSpliced(index, 1))}
          >
            Remove
          </button>
        </div>
      ))}
      {isFull ? (
        <p class="hint-text">No more than {schema.maxItems} items</p>
      ) : (
        <button class="btn" type="button" onClick={() => onChange([...items, startOf(item)])}>
          <Icon name="plus" />
          Add an item
        </button>
      )}
    </>
  );
}

interface Attributes {
  readonly id: string;
  readonly "aria-invalid": boolean;
  readonly "aria-describedby": string;
  readonly "aria-required": boolean;
}

/**
 * Renders a label, a control and its message. Space is reserved for the message, so that the layout does not shift.
 */
export function Labeled({
  name,
  path,
  schema,
  required,
  faults,
  note,
  children,
}: Pick<FieldProps, "name" | "path" | "schema" | "required" | "faults"> & {
  note?: string;
  children: (attributes: Attributes) => ComponentChildren;
}) {
  const id = `field${path}`;
  const hint = [schema.description, note, boundsOf(schema)].filter(Boolean).join("; ");
  const attributes = {
    id,
    "aria-invalid": faults.has(path),
    "aria-describedby": `${id}-about`,
    "aria-required": required,
  };
  return (
    <div class="form-field">
      <label for={id}>
        <span class="mono">{name}</span>
        {!required && <span class="dim"> optional</span>}
      </label>
      {children(attributes)}
      <Fault path={path} faults={faults} id={`${id}-about`} otherwise={hint} />
    </div>
  );
}

function Fault({
  path,
  faults,
  id,
  otherwise,
}: {
  path: string;
  faults: Faults;
  id?: string;
  otherwise?: string;
}) {
  const fault = faults.get(path);
  return (
    <p class={fault ? "fault" : "hint-text"} id={id}>
      {fault ? (
        <>
          <Icon name="failed" /> {fault}
        </>
      ) : (
        otherwise
      )}
    </p>
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

const placeholderOf = ({ default: value }: PayloadSchema) => (value === undefined ? undefined : shown(value));

/** Parses JSON. Returns any other text unchanged, so that schema validation rejects it. */
function readJson(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
