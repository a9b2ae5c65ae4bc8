import type { TObject } from "@sinclair/typebox";

/** Returns a payload schema as it applies to a request: fields with a default are optional. */
export function requestSchemaOf(payload: TObject): TObject {
  const { required = [], ...rest } = payload;
  const needed = required.filter((name) => payload.properties[name]?.default === undefined);
  return { ...rest, ...(needed.length > 0 && { required: needed }) } as TObject;
}
